import Kernels

/// What one thread of a team has done: sums by operation, and the newest spans in memory taken up front.
///
/// Only its own thread writes to it while an operation runs, and only the main thread between operations: the team's own
/// handing out of work orders the two. So there is no lock, and no other thread's cache line.
final class Lane: @unchecked Sendable {
  /// The tiles of an operation, the floats that they wrote and the time that they took.
  struct Total {
    var calls = 0
    var outputs = 0
    var time = Duration.zero

    package mutating func add(calls: Int, outputs: Int, time: Duration) {
      self.calls += calls
      self.outputs += outputs
      self.time += time
    }
  }

  /// By operation, of the steps that were measured.
  private(set) var totals: [Operation: Total]
  /// Whether what is done belongs to a step, and counts.
  var isCounting = false
  /// Spans ever recorded; the newest are kept.
  private(set) var count = 0

  private var spans: [Span]
  private var last: ContinuousClock.Instant
  private var isNewTile = true

  init(capacity: Int, now: ContinuousClock.Instant) {
    precondition(capacity > 0, "a lane without room")
    let none = Span(name: .phase(.data), layer: nil, begin: now, end: now)
    spans = Array(repeating: none, count: capacity)
    // All keys, so that none has to be made room for in a step.
    totals = Dictionary(uniqueKeysWithValues: Operation.allCases.map { ($0, Total()) })
    last = now
  }

  /// The thread takes a tile.
  func began(_ now: ContinuousClock.Instant) {
    last = now
    isNewTile = true
  }

  /// The thread was busy with `operation` since it took the tile, or since the last call.
  func finished(
    _ operation: Operation, layer: Int?, outputs: Int, _ now: ContinuousClock.Instant
  ) {
    if isCounting {
      totals[operation, default: Total()].add(
        calls: isNewTile ? 1 : 0, outputs: outputs, time: last.duration(to: now))
    }
    let newest = (count + spans.count - 1) % spans.count
    if !isNewTile, spans[newest].name == .operation(operation) {
      spans[newest].end = now
    } else {
      add(Span(name: .operation(operation), layer: layer, begin: last, end: now))
    }
    last = now
    isNewTile = false
  }

  /// Keeps a span, in the place of the oldest.
  package func add(_ span: Span) {
    spans[count % spans.count] = span
    count += 1
  }

  /// Forgets the sums.
  package func reset() {
    for key in totals.keys { totals[key] = Total() }
  }

  /// The number of the oldest span that is still here.
  var oldest: Int { max(0, count - spans.count) }

  /// The spans with these numbers, which are still here.
  func spans(_ numbers: Range<Int>) -> [Span] { numbers.map { spans[$0 % spans.count] } }
}
