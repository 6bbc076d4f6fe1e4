import Kernels

/// The record of one thread of a team: sums by operation, and the newest spans, in preallocated memory.
///
/// Only its own thread writes to it while an operation runs, and only the main thread between operations; the team orders the two when it
/// distributes work. Therefore it needs no lock, and threads share no cache line.
final class Lane: @unchecked Sendable {
  /// The number of tiles of an operation, the floats that they wrote, and the time that they took.
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

  /// The totals of each operation over the measured steps.
  private(set) var totals: [Operation: Total]
  /// True while the thread's work belongs to a step and is counted.
  var isCounting = false
  /// The number of spans recorded so far, of which the newest are kept.
  private(set) var count = 0

  private var spans: [Span]
  private var last: ContinuousClock.Instant
  private var place: TilePlace?
  private var isNewTile = true

  init(capacity: Int, now: ContinuousClock.Instant) {
    precondition(capacity > 0, "a lane without room")
    let none = Span(name: .phase(.data), layer: nil, place: nil, begin: now, end: now)
    spans = Array(repeating: none, count: capacity)
    // All keys from the beginning, so that the dictionary does not grow during a step.
    totals = Dictionary(uniqueKeysWithValues: Operation.allCases.map { ($0, Total()) })
    last = now
  }

  /// Records that the thread starts a tile.
  func began(_ place: TilePlace, _ now: ContinuousClock.Instant) {
    last = now
    self.place = place
    isNewTile = true
  }

  /// Records that the thread worked on `operation` since it started the tile, or since the last call.
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
      add(
        Span(name: .operation(operation), layer: layer, place: place, begin: last, end: now))
    }
    last = now
    isNewTile = false
  }

  /// Adds a span in the place of the oldest.
  package func add(_ span: Span) {
    spans[count % spans.count] = span
    count += 1
  }

  /// Sets all totals to zero.
  package func reset() {
    for key in totals.keys { totals[key] = Total() }
  }

  /// The number of the oldest span that is still kept.
  var oldest: Int { max(0, count - spans.count) }

  /// The spans with these numbers, which must still be kept.
  func spans(_ numbers: Range<Int>) -> [Span] { numbers.map { spans[$0 % spans.count] } }
}
