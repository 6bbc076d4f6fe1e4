import Buffers
import Dist
import Kernels

/// Records what every thread of a rank does: sums by operation for tables, and spans of the newest steps for traces.
///
/// Memory is taken up front. The main thread marks the steps.
package final class OperationRecorder: OperationObserver, @unchecked Sendable {
  let lanes: [Lane]
  private let clock: ContinuousClock
  private var steps: [StepMark] = []
  /// Of the traced steps, where communication goes on beside backward.
  private var buckets: [(step: Int, spans: [BucketSpan])] = []

  /// Steps that were measured since `reset`.
  package private(set) var stepCount = 0
  /// The wall time of the steps that were measured.
  private(set) var wall = Duration.zero
  /// The main thread's time in phases of those steps that are no team's operation.
  private(set) var phases: [PhaseTimes.Phase: Duration] = [:]

  /// A step and the spans with which it begins in each lane.
  package struct StepMark {
    let step: Int
    let begin: ContinuousClock.Instant
    var end: ContinuousClock.Instant?
    let starts: [Int]
  }

  /// The most steps of a trace.
  static let tracedSteps = 32
  /// Spans of a thread that are kept: steps of about 25 leaves of the paper's model on one thread.
  private static let mostSpans = 1 << 18
  /// Spans that all threads of a job keep together: half a gigabyte of trace.
  private static let mostSpansTogether = 1 << 22

  /// Spans of a thread that are kept where none are written to a file, for what is computed of them.
  private static let fewSpans = 1 << 15

  /// A recorder for a team of this rank. Collective.
  ///
  /// - Parameter traces: whether a trace will be written
  package convenience init(
    threads: Int, traces: Bool, communicator: Communicator, clock: ContinuousClock
  ) throws {
    let all = Int(try communicator.allReduce([Double(threads)], .sum)[0])
    self.init(
      threads: threads,
      spansPerThread: traces
        ? max(1, min(Self.mostSpans, Self.mostSpansTogether / all)) : Self.fewSpans,
      clock: clock)
  }

  /// - Parameter spansPerThread: the newest are kept
  package init(threads: Int, spansPerThread: Int, clock: ContinuousClock) {
    self.clock = clock
    lanes = (0..<threads).map { _ in Lane(capacity: spansPerThread, now: clock.now) }
    steps.reserveCapacity(OperationRecorder.tracedSteps + 1)
  }

  package func began(worker: Int) { lanes[worker].began(clock.now) }

  package func finished(
    _ operation: Operation, layer: Int?, worker: Int, output: Matrix, firstRow: Int
  ) {
    lanes[worker].finished(
      operation, layer: layer, outputs: output.rows * output.columns, clock.now)
  }

  // MARK: The main thread, between operations

  /// Runs `body` as a step of the trace and counts it.
  package func measure<Result>(step: Int, _ body: () throws -> Result) rethrows -> Result {
    let begin = clock.now
    if steps.count == OperationRecorder.tracedSteps { steps.removeFirst() }
    steps.append(StepMark(step: step, begin: begin, starts: lanes.map(\.count)))
    for lane in lanes { lane.isCounting = true }
    defer { for lane in lanes { lane.isCounting = false } }
    let result = try body()
    let end = clock.now
    steps[steps.count - 1].end = end
    wall += begin.duration(to: end)
    stepCount += 1
    return result
  }

  /// The main thread was in `phase`.
  package func add(_ phase: PhaseTimes.Phase, from begin: ContinuousClock.Instant) {
    guard phase.isSpan else { return }
    let end = clock.now
    if lanes[0].isCounting { phases[phase, default: .zero] += begin.duration(to: end) }
    lanes[0].add(Span(name: .phase(phase), layer: nil, begin: begin, end: end))
  }

  /// The buckets of the step under way.
  package func add(_ spans: [BucketSpan]) {
    guard let step = steps.last?.step else { return }
    if buckets.count == OperationRecorder.tracedSteps { buckets.removeFirst() }
    buckets.append((step, spans))
  }

  /// The buckets of a traced step, in the order in which they ended.
  func buckets(of mark: StepMark) -> [BucketSpan] {
    buckets.first { $0.step == mark.step }?.spans ?? []
  }

  /// Forgets what was counted, after warming up; the traced steps stay.
  package func reset() {
    for lane in lanes { lane.reset() }
    (stepCount, wall, phases) = (0, .zero, [:])
  }

  /// The newest steps of which every span is still here, oldest first; where none is, the newest step.
  package var recentSteps: [StepMark] {
    let done = steps.filter { $0.end != nil }
    let whole = done.filter { mark in
      zip(lanes, mark.starts).allSatisfy { $0.oldest <= $1 }
    }
    return whole.isEmpty ? done.suffix(1) : whole
  }

  /// The spans of each thread from the beginning of a step to that of the next, as far as they are still here, in order of
  /// their beginnings.
  func spans(of mark: StepMark) -> [[Span]] {
    let next = steps.first { $0.step > mark.step }
    return lanes.indices.map { index in
      let lane = lanes[index]
      let end = next?.starts[index] ?? lane.count
      return lane.spans(min(end, max(lane.oldest, mark.starts[index]))..<end)
        .sorted { ($0.begin, $1.end) < ($1.begin, $0.end) }
    }
  }
}

/// Two observers of one team. The first is told first: one that takes the time does not see what the other takes.
package struct ObserverPair: OperationObserver {
  let first, second: any OperationObserver

  /// What a team is given that both observe, where there are both.
  package static func of(
    _ first: (any OperationObserver)?, _ second: (any OperationObserver)?
  ) -> (any OperationObserver)? {
    guard let first, let second else { return first ?? second }
    return ObserverPair(first: first, second: second)
  }

  package func began(worker: Int) {
    second.began(worker: worker)
    first.began(worker: worker)
  }

  package func finished(
    _ operation: Operation, layer: Int?, worker: Int, output: Matrix, firstRow: Int
  ) {
    for observer in [first, second] {
      observer.finished(
        operation, layer: layer, worker: worker, output: output, firstRow: firstRow)
    }
  }
}
