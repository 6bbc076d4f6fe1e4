import Buffers

/// Sums the gradient over the ranks while backward goes on: buckets, each a non-blocking all-reduce that begins once all of its
/// floats are final (Li et al. 2020, arXiv:2006.15704, §3.2.3).
///
/// Buckets are begun in the same order on all ranks, whatever the order of what is announced. Rows of the layout's table that get
/// something after the table was announced come last: those of any rank are summed as one vector and added to the table.
final class Overlapped: GradientReducer {
  private let gradients: Vector
  private let layout: GradientLayout
  private let communicator: Communicator
  private let queue: BucketQueue
  private let buckets: [Range<Int>]
  /// Floats of every bucket that are not announced yet.
  private var missing: [Int]
  private var begun = 0
  private var late: SparseRows?
  private let rows: FloatBuffer

  /// Floats of a bucket.
  static let bucket = 1 << 19
  /// Buckets under way at once.
  static let places = 16

  let overlapsBackward = true

  init(_ setup: ReducerSetup) throws(MPIError) {
    (gradients, layout, communicator) = (setup.gradients, setup.layout, setup.communicator)
    precondition(
      layout.order.reduce(0) { $0 + $1.count } == gradients.count,
      "an order of other floats than the gradient's")
    buckets = layout.order.flatMap { range in
      stride(from: range.lowerBound, to: range.upperBound, by: Overlapped.bucket).map {
        $0..<min($0 + Overlapped.bucket, range.upperBound)
      }
    }
    missing = buckets.map(\.count)
    queue = try BucketQueue(
      communicator, setup.wire, places: Overlapped.places, most: Overlapped.bucket,
      clock: setup.clock)
    rows = FloatBuffer(layout.lateFloats(ranks: communicator.size))
  }

  static func floats(_ layout: GradientLayout, ranks: Int, wire: WireFormat) -> Int {
    layout.lateFloats(ranks: ranks)
      + (ranks > 1 ? BucketQueue.floats(wire, places: places, most: bucket) : 0)
  }

  /// Everything: all ranks update all weights alike.
  var owned: Range<Int> { 0..<gradients.count }

  var overlapTimes: OverlapTimes? { queue.times }

  var bucketSpans: [BucketSpan] { queue.spans }

  /// See the protocol; begins the buckets that are whole. Ranges may come in any order and pieces, each float once.
  func ready(_ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= gradients.count, "a range outside the gradient")
    // A rank that announces everything at once computes nothing beside the sums.
    if range.count == gradients.count { queue.stopHiding() }
    for index in buckets.indices {
      missing[index] -= buckets[index].clamped(to: range).count
      precondition(missing[index] >= 0, "floats of \(range) were announced twice")
    }
    while begun < buckets.count, missing[begun] == 0 {
      queue.append(gradients[buckets[begun]])
      begun += 1
    }
  }

  func takeLate(_ rows: SparseRows) {
    precondition(late == nil, "rows were added twice")
    precondition(
      rows.ids.count <= layout.lateRows && rows.values.count == rows.ids.count * layout.width,
      "\(rows.ids.count) rows, \(rows.values.count) floats")
    late = rows
    // Backward ends with these rows: from here on, nothing is computed beside the sums.
    queue.stopHiding()
  }

  func poll() { queue.progress() }

  func finish() throws(MPIError) -> Range<Int> {
    precondition(
      begun == buckets.count,
      "\(missing.reduce(0, +)) of \(gradients.count) floats were not announced")
    queue.stopHiding()
    let ids = try unionOfRows()
    let sums = rows[0..<ids.count * layout.width]
    (late ?? SparseRows(ids: [], values: gradients[0..<0])).scatter(among: ids, into: sums)
    late = nil
    for start in stride(from: 0, to: sums.count, by: Overlapped.bucket) {
      queue.append(sums[start..<min(start + Overlapped.bucket, sums.count)])
    }
    try queue.finish()
    // Also this rank's own, which the others got: all ranks add the same bits.
    SparseRows(ids: ids, values: sums).add(to: gradients[layout.table])
    missing = buckets.map(\.count)
    begun = 0
    return owned
  }

  /// The rows of the table that any rank adds to, ascending.
  private func unionOfRows() throws(MPIError) -> [Int32] {
    guard layout.width > 0 else { return [] }
    var bits = [UInt32](repeating: 0, count: (layout.table.count / layout.width + 31) / 32)
    for id in late?.ids ?? [] { bits[Int(id) / 32] |= 1 << UInt32(id % 32) }
    try communicator.union(&bits)
    return bits.indices.flatMap { word in
      (0..<32).filter { bits[word] >> UInt32($0) & 1 == 1 }.map { Int32(word * 32 + $0) }
    }
  }
}
