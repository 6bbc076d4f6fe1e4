import Buffers

/// Sums the gradient over the ranks while backward goes on: buckets, each a non-blocking all-reduce that begins once all of its
/// floats are final (Li et al. 2020, arXiv:2006.15704, §3.2.3).
///
/// Buckets are begun in the same order on all ranks, whatever the order of what is announced. Rows of the layout's table that get
/// something after the table was announced come last: those of any rank are summed as one vector and added to the table.
public final class Overlapped: GradientReducer {
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

  /// Leaves add up; sums begin during the last one.
  public let isolatesLeaves = false

  /// - Parameter gradients: outlives the reducer
  init(
    gradients: Vector, layout: GradientLayout, wire: WireFormat, communicator: Communicator,
    clock: ContinuousClock
  ) throws(MPIError) {
    precondition(
      layout.order.reduce(0) { $0 + $1.count } == gradients.count,
      "an order of other floats than the gradient's")
    self.gradients = gradients
    self.layout = layout
    self.communicator = communicator
    buckets = layout.order.flatMap { range in
      stride(from: range.lowerBound, to: range.upperBound, by: Overlapped.bucket).map {
        $0..<min($0 + Overlapped.bucket, range.upperBound)
      }
    }
    missing = buckets.map(\.count)
    queue = try BucketQueue(
      communicator, wire, places: Overlapped.places, most: Overlapped.bucket, clock: clock)
    rows = FloatBuffer(layout.lateFloats(ranks: communicator.size))
  }

  /// Floats taken beside the gradient.
  static func floats(_ layout: GradientLayout, ranks: Int, wire: WireFormat) -> Int {
    layout.lateFloats(ranks: ranks)
      + (ranks > 1 ? BucketQueue.floats(wire, places: places, most: bucket) : 0)
  }

  /// Everything: all ranks update all weights alike.
  public var owned: Range<Int> { 0..<gradients.count }

  /// Of all steps so far.
  public var times: OverlapTimes { queue.times }

  /// The buckets of the last step, once `finish` has returned.
  public var spans: [BucketSpan] { queue.spans }

  /// See the protocol; begins the buckets that are whole. Ranges may come in any order and pieces, each float once.
  public func ready(_ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= gradients.count, "a range outside the gradient")
    for index in buckets.indices {
      missing[index] -= buckets[index].clamped(to: range).count
      precondition(missing[index] >= 0, "floats of \(range) were announced twice")
    }
    while begun < buckets.count, missing[begun] == 0 {
      queue.append(gradients[buckets[begun]])
      begun += 1
    }
  }

  /// What this rank adds to the table after it has announced it, once in a step; not at all where it adds nothing.
  ///
  /// - Parameter rows: of the table's width; their memory lasts until `finish` returns
  public func add(_ rows: SparseRows) {
    precondition(late == nil, "rows were added twice")
    precondition(
      rows.ids.count <= layout.lateRows && rows.values.count == rows.ids.count * layout.width,
      "\(rows.ids.count) rows, \(rows.values.count) floats")
    late = rows
  }

  /// Lets MPI work: called often, from the thread that entered `MPI.run`, while backward goes on.
  public func progress() { queue.progress() }

  /// Nothing: leaves add up.
  public func finishLeaf(isLast: Bool) {}

  /// See the protocol; also throws what went wrong since the first `ready`.
  public func finish() throws(MPIError) -> Range<Int> {
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

  /// Nothing: all ranks have all weights.
  public func publish() {}
}
