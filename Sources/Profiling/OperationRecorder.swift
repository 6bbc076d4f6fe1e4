import Buffers
import Dist
import Kernels

/// Records the work of every thread of a rank: sums by operation for tables, and spans of the newest steps for traces.
///
/// Memory is allocated in advance. The main thread marks the steps.
package final class OperationRecorder: OperationObserver, @unchecked Sendable {
  let lanes: [Lane]
  private let clock: ContinuousClock
  private var steps: [StepMark] = []
  /// The buckets of the traced steps, whose communication runs during the backward pass.
  private var buckets: [(step: Int, spans: [BucketSpan])] = []
  /// The number of parallel regions so far. Written between regions, so that the workers of a region read the same number.
  private var regions = 0

  /// The number of steps measured since `reset`.
  package private(set) var stepCount = 0
  /// The wall time of the measured steps.
  private(set) var wall = Duration.zero
  /// The main thread's time in phases of the measured steps that are not operations of the team.
  private(set) var phases: [PhaseTimes.Phase: Duration] = [:]

  /// A step, and the number of its first span in each lane.
  package struct StepMark {
    let step: Int
    let begin: ContinuousClock.Instant
    var end: ContinuousClock.Instant?
    let starts: [Int]
  }

  /// The largest number of steps in a trace.
  static let tracedSteps = 32
  /// The number of spans kept per thread: steps of about 25 micro-batches of the paper's model on one thread.
  private static let mostSpans = 1 << 18
  /// The number of spans kept by all threads of a job together: half a gigabyte of trace.
  private static let mostSpansTogether = 1 << 22

  /// The number of spans kept per thread without a trace, for the shares of `StepProfile`.
  private static let fewSpans = 1 << 15

  /// Creates a recorder for a team of this rank. Collective.
  ///
  /// - Parameter traces: true if a trace will be written
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

  /// - Parameter spansPerThread: the number of newest spans that are kept per thread
  package init(threads: Int, spansPerThread: Int, clock: ContinuousClock) {
    self.clock = clock
    lanes = (0..<threads).map { _ in Lane(capacity: spansPerThread, now: clock.now) }
    steps.reserveCapacity(OperationRecorder.tracedSteps + 1)
  }

  package func began(tiles: Int) { regions += 1 }

  package func began(worker: Int, tile: Int) {
    lanes[worker].began(TilePlace(region: regions, tile: tile), clock.now)
  }

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

  /// Records that the main thread was in `phase` from `begin` until now.
  package func add(_ phase: PhaseTimes.Phase, from begin: ContinuousClock.Instant) {
    guard phase.isSpan else { return }
    let end = clock.now
    if lanes[0].isCounting { phases[phase, default: .zero] += begin.duration(to: end) }
    lanes[0].add(Span(name: .phase(phase), layer: nil, place: nil, begin: begin, end: end))
  }

  /// Records the buckets of the current step.
  package func add(_ spans: [BucketSpan]) {
    guard let step = steps.last?.step else { return }
    if buckets.count == OperationRecorder.tracedSteps { buckets.removeFirst() }
    buckets.append((step, spans))
  }

  /// The buckets of a traced step, in the order in which they finished.
  func buckets(of mark: StepMark) -> [BucketSpan] {
    buckets.first { $0.step == mark.step }?.spans ?? []
  }

  /// Clears the counts, after the warm-up; the traced steps are kept.
  package func reset() {
    for lane in lanes { lane.reset() }
    (stepCount, wall, phases) = (0, .zero, [:])
  }

  /// The newest steps whose spans are all still kept, oldest first; if there is none, the newest step.
  package var recentSteps: [StepMark] {
    let done = steps.filter { $0.end != nil }
    let whole = done.filter { mark in
      zip(lanes, mark.starts).allSatisfy { $0.oldest <= $1 }
    }
    return whole.isEmpty ? done.suffix(1) : whole
  }

  /// The spans of each thread from the beginning of a step to the beginning of the next, in order of their beginnings; only those still
  /// kept.
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

/// Two observers of one team. The first one starts last and finishes first, so that a timer does not measure the other observer.
package struct ObserverPair: OperationObserver {
  let first, second: any OperationObserver

  /// Returns an observer that forwards to both, or the only one that is not nil.
  package static func of(
    _ first: (any OperationObserver)?, _ second: (any OperationObserver)?
  ) -> (any OperationObserver)? {
    guard let first, let second else { return first ?? second }
    return ObserverPair(first: first, second: second)
  }

  package func began(tiles: Int) {
    second.began(tiles: tiles)
    first.began(tiles: tiles)
  }

  package func began(worker: Int, tile: Int) {
    second.began(worker: worker, tile: tile)
    first.began(worker: worker, tile: tile)
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
