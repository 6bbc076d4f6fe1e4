import Dist
import Files
import Foundation

/// A run's spans in Chrome's trace event format, which Perfetto and chrome://tracing show: one process per rank, one lane per thread.
///
/// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
package struct TraceFile {
  package let path: String
  private let communicator: Communicator
  /// The time at which all ranks passed a barrier, the zero of every rank's time.
  private let origin: ContinuousClock.Instant

  /// Refuses a path that cannot be written, before the run starts. Collective.
  package init(_ path: String, communicator: Communicator, clock: ContinuousClock) throws {
    self.path = path
    self.communicator = communicator
    try communicator.onRoot {
      guard !path.isEmpty, !Path.isFolder(path) else {
        throw InputError(
          "is not a file name: --trace takes the name of the JSON file to write", path: path)
      }
      guard Path.isFolder(Path.parent(path)) else {
        throw InputError(
          "there is no such folder for --trace \(path); create it or check the path",
          path: Path.parent(path))
      }
      try Destination.requireFile(path)
    }
    try communicator.barrier()
    origin = clock.now
  }

  /// Writes the newest steps of all ranks; the file appears as a whole. Collective.
  package func write(_ recorder: OperationRecorder) throws {
    let parts = try communicator.gather(Array(events(recorder).joined(separator: ",\n").utf8))
    try communicator.onRoot {
      let events = (parts ?? []).map { String(decoding: $0, as: UTF8.self) }
        .joined(separator: ",\n")
      try FileWriter.replace(
        path, with: "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n\(events)\n]}\n")
    }
  }

  private func events(_ recorder: OperationRecorder) -> [String] {
    let rank = communicator.rank
    var events = [
      metadata("process_name", "rank \(rank) on \(communicator.host)", thread: 0),
      "{\"ph\":\"M\",\"pid\":\(rank),\"tid\":0,\"name\":\"process_sort_index\",\"args\":{\"sort_index\":\(rank)}}",
    ]
    for thread in recorder.lanes.indices {
      events.append(
        metadata("thread_name", thread == 0 ? "thread 0, main" : "thread \(thread)", thread: thread)
      )
    }
    for step in recorder.recentSteps {
      for (thread, spans) in recorder.spans(of: step).enumerated() {
        for span in spans { events.append(event(span, step: step.step, thread: thread)) }
      }
      for (index, bucket) in recorder.buckets(of: step).enumerated() {
        events += self.events(bucket, index, step: step.step)
      }
    }
    return events
  }

  private func event(_ span: Span, step: Int, thread: Int) -> String {
    let begin = nanoseconds(origin.duration(to: span.begin))
    // The difference of the rounded ends, so that a span never reaches into the next one.
    let duration = nanoseconds(origin.duration(to: span.end)) - begin
    let layer = span.layer.map { "\"layer\":\($0)," } ?? ""
    return
      "{\"ph\":\"X\",\"pid\":\(communicator.rank),\"tid\":\(thread),\"name\":\"\(span.name.text)\","
      + "\"ts\":\(microseconds(begin)),\"dur\":\(microseconds(duration)),"
      + "\"args\":{\(layer)\"step\":\(step)}}"
  }

  /// The beginning and end of a bucket. Buckets overlap, so they have a separate track below the rank's threads.
  private func events(_ bucket: BucketSpan, _ index: Int, step: Int) -> [String] {
    [("b", bucket.begin), ("e", bucket.end)].map { kind, moment in
      "{\"ph\":\"\(kind)\",\"cat\":\"network\",\"id\":\"\(communicator.rank).\(step).\(index)\",\"pid\":\(communicator.rank),"
        + "\"tid\":0,\"name\":\"bucket\",\"ts\":\(microseconds(nanoseconds(origin.duration(to: moment)))),"
        + "\"args\":{\"floats\":\(bucket.floats),\"step\":\(step)}}"
    }
  }

  private func metadata(_ name: String, _ value: String, thread: Int) -> String {
    let text = value.replacing("\\", with: "").replacing("\"", with: "")
    return "{\"ph\":\"M\",\"pid\":\(communicator.rank),\"tid\":\(thread),\"name\":\"\(name)\","
      + "\"args\":{\"name\":\"\(text)\"}}"
  }

  private func nanoseconds(_ duration: Duration) -> Int {
    let (seconds, attoseconds) = duration.components
    return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }

  /// Microseconds with three decimals.
  private func microseconds(_ nanoseconds: Int) -> String {
    let fraction = String(1_000 + nanoseconds % 1_000).dropFirst()
    return "\(nanoseconds / 1_000).\(fraction)"
  }
}
