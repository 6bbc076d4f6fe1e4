import Buffers

/// Sums a flat gradient over the ranks, and makes the weights that come of it known.
///
/// In a step: for every micro-batch of this rank, `ready` for every float of the gradient, once, last block first, then
/// `finishMicroBatch`; where the reducer does not isolate micro-batches, `ready` only while the last one's backward goes on. Then
/// `finish`; then the optimizer on the range that `finish` returned; then `publish`. A rank that had nothing to compute announces its
/// zeros all the same.
///
/// Whoever uses a reducer asks these members and never which reducer it is.
public protocol GradientReducer: AnyObject {
  /// True if the weights have the same bits on any number of ranks.
  static var isRankInvariant: Bool { get }

  /// True if all ranks must compute the same number of micro-batches.
  static var needsEqualShares: Bool { get }

  /// True if every rank owns a slice of the flat vector instead of all of it.
  static var sharesState: Bool { get }

  /// True if gradients may cross the network in the format `wire`.
  static func supports(_ wire: WireFormat) -> Bool

  /// Floats that a rank takes beside the gradient itself.
  static func floats(_ layout: GradientLayout, ranks: Int, wire: WireFormat) -> Int

  /// The reducer of a rank. Takes all its memory now.
  init(_ setup: ReducerSetup) throws(MPIError)

  /// True if the flat gradient holds one micro-batch at a time and is zeroed before each; false if micro-batches add up in it.
  var isolatesMicroBatches: Bool { get }

  /// True if the reducer sums during the backward pass of the last micro-batch. The trainer then calls `poll` often, announces the
  /// layout's table early, and passes later contributions to its rows to `takeLate`.
  var overlapsBackward: Bool { get }

  /// The range whose sum, optimizer state and weights are this rank's own.
  var owned: Range<Int> { get }

  /// This rank's gradient in `range` is final and not written again before `finishMicroBatch`, or `finish`, returns.
  ///
  /// Called from backward, from the thread that entered `MPI.run`. It cannot throw: errors wait for
  /// `finish`.
  func ready(_ range: Range<Int>)

  /// Lets MPI work: called often, from the thread that entered `MPI.run`, while backward goes on.
  func poll()

  /// Adds to the layout's table what came to some of its rows after the table was announced: once in a step, or not at all.
  ///
  /// - Parameter rows: of the table's width; their memory lasts until `finish` returns
  func takeLate(_ rows: SparseRows)

  /// Collective where micro-batches are isolated: the micro-batch's gradient goes to its owners.
  ///
  /// - Parameter isLast: whether it is this rank's last of the step
  func finishMicroBatch(isLast: Bool) throws(MPIError)

  /// Collective. Sums the gradient over the ranks, in place, and throws what went wrong since the first `ready`.
  ///
  /// - Returns: the range that this rank owns: there the gradient is the sum over all ranks;
  ///   elsewhere it is undefined.
  func finish() throws(MPIError) -> Range<Int>

  /// Collective. Makes the weights in every rank's owned range known to all ranks.
  func publish() throws(MPIError)

  /// Seconds of communication beside computing, of all steps so far; nil where nothing overlaps.
  var overlapTimes: OverlapTimes? { get }

  /// When each bucket of the last step was summed, once `finish` has returned; empty where nothing overlaps.
  var bucketSpans: [BucketSpan] { get }
}

/// The defaults are those of a reducer that sums the whole gradient on all ranks after backward.
extension GradientReducer {
  /// The order of sums depends on the number of ranks.
  public static var isRankInvariant: Bool { false }
  /// Ranks may compute more or less than others.
  public static var needsEqualShares: Bool { false }
  /// Every rank owns everything.
  public static var sharesState: Bool { false }
  /// All formats.
  public static func supports(_ wire: WireFormat) -> Bool { true }

  /// Micro-batches add up in the gradient.
  public var isolatesMicroBatches: Bool { false }
  /// Nothing is summed during backward.
  public var overlapsBackward: Bool { false }
  /// Nothing goes on.
  public func poll() {}
  /// Traps: nobody was told to announce the table early.
  public func takeLate(_ rows: SparseRows) {
    preconditionFailure("rows after their table, to a reducer that does not overlap backward")
  }
  /// Nothing: micro-batches add up.
  public func finishMicroBatch(isLast: Bool) throws(MPIError) {}
  /// Nothing: all ranks have all weights.
  public func publish() throws(MPIError) {}
  /// None.
  public var overlapTimes: OverlapTimes? { nil }
  /// None.
  public var bucketSpans: [BucketSpan] { [] }
}

/// Arguments from which a reducer is made.
public struct ReducerSetup {
  /// The flat gradient; outlives the reducer.
  public let gradients: Vector
  /// The flat weights, as many; outlive the reducer.
  public let weights: Vector
  /// Positions of the parameters in the flat vectors.
  public let layout: GradientLayout
  /// The format of floats on the network.
  public let wire: WireFormat
  /// The ranks.
  public let communicator: Communicator
  /// Measures what overlaps.
  public let clock: ContinuousClock
}

/// A way to sum gradients over the ranks. To add one, write a file in `Reducers/` and add a case here.
public enum ReductionStrategy: String, CaseIterable, Codable, Sendable {
  /// `MPI_Allreduce` after backward; the same bits for the same number of ranks.
  case allreduce

  /// `MPI_Iallreduce` of buckets while backward goes on; the same bits for the same number of ranks.
  case overlapped

  /// Micro-batches summed in their order by the owners of slices; the same bits for any number of ranks.
  case ordered

  private var reducer: any GradientReducer.Type {
    switch self {
    case .allreduce: AllReduce.self
    case .overlapped: Overlapped.self
    case .ordered: Ordered.self
    }
  }

  /// True if the weights have the same bits on any number of ranks.
  public var isRankInvariant: Bool { reducer.isRankInvariant }

  /// True if all ranks must compute the same number of micro-batches.
  public var needsEqualShares: Bool { reducer.needsEqualShares }

  /// True if gradients may cross the network in the format `wire`.
  public func supports(_ wire: WireFormat) -> Bool { reducer.supports(wire) }

  /// Floats that a rank takes beside the gradient itself.
  public func floats(_ layout: GradientLayout, ranks: Int, wire: WireFormat) -> Int {
    reducer.floats(layout, ranks: ranks, wire: wire)
  }

  /// The most floats that a rank owns.
  public func ownedCount(_ layout: GradientLayout, ranks: Int) -> Int {
    guard reducer.sharesState else { return layout.count }
    return layout.slices(ranks: ranks).map(\.count).max() ?? 0
  }

  /// The reducer of this strategy.
  ///
  /// - Parameters:
  ///   - gradients: the flat gradient; outlives the reducer.
  ///   - weights: the flat weights, as many; outlive the reducer.
  ///   - layout: what stands where in the flat vector
  ///   - wire: how floats cross the network, which the strategy must support
  public func reducer(
    gradients: Vector, weights: Vector, layout: GradientLayout, wire: WireFormat = .fp32,
    communicator: Communicator, clock: ContinuousClock
  ) throws(MPIError) -> any GradientReducer {
    precondition(
      gradients.count == weights.count && gradients.count == layout.count,
      "a gradient of another size than its weights")
    precondition(supports(wire), "\(rawValue) does not send gradients as \(wire.rawValue)")
    return try reducer.init(
      ReducerSetup(
        gradients: gradients, weights: weights, layout: layout, wire: wire,
        communicator: communicator, clock: clock))
  }
}
