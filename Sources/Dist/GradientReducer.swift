import Buffers

/// Sums a flat gradient over the ranks, and makes the weights that come of it known.
///
/// In a step: for every leaf of this rank, `ready` for every float of the gradient, once, last block first, then `finishLeaf`; where the
/// reducer does not isolate leaves, `ready` only while the last leaf's backward goes on. Then `finish`; then the optimizer on the range that
/// `finish` returned; then `publish`. A rank that had nothing to compute announces its zeros all the same.
public protocol GradientReducer: AnyObject {
  /// Whether every leaf's gradient stands alone in the gradient, zeroed before it, instead of leaves adding up there.
  var isolatesLeaves: Bool { get }

  /// The range whose sum, optimizer state and weights are this rank's own.
  var owned: Range<Int> { get }

  /// This rank's gradient in `range` is final and not written again before `finishLeaf`, or `finish`, returns.
  ///
  /// Called from backward, from the thread that entered `MPI.run`. It cannot throw: errors wait for
  /// `finish`.
  func ready(_ range: Range<Int>)

  /// Collective where leaves are isolated: the leaf's gradient goes to its owners.
  ///
  /// - Parameter isLast: whether it is this rank's last of the step
  func finishLeaf(isLast: Bool) throws(MPIError)

  /// Collective. Sums the gradient over the ranks, in place.
  ///
  /// - Returns: the range that this rank owns: there the gradient is the sum over all ranks;
  ///   elsewhere it is undefined.
  func finish() throws(MPIError) -> Range<Int>

  /// Collective. Makes the weights in every rank's owned range known to all ranks.
  func publish() throws(MPIError)
}

/// How gradients are summed over the ranks. A new way is a file in `Reducers/` and a case here.
public enum ReductionStrategy: String, CaseIterable, Codable, Sendable {
  /// `MPI_Allreduce` after backward; the same bits for the same number of ranks.
  case allreduce

  /// `MPI_Iallreduce` of buckets while backward goes on; the same bits for the same number of ranks.
  case overlapped

  /// Leaves summed in their order by the owners of slices; the same bits for any number of ranks.
  case ordered

  /// Floats that a rank takes beside the gradient itself.
  public func floats(_ layout: GradientLayout, ranks: Int, wire: WireFormat) -> Int {
    switch self {
    case .allreduce: Wire.floats(wire, places: 1, most: Communicator.chunk)
    case .overlapped: Overlapped.floats(layout, ranks: ranks, wire: wire)
    case .ordered: layout.count / ranks + (ranks > 1 ? 2 * Ordered.receivedCount : 0)
    }
  }

  /// The most floats of a flat vector of `count` that a rank owns.
  ///
  /// - Parameter piece: the largest distance between two cuts, as `reducer` takes them
  public func ownedCount(_ count: Int, piece: Int, ranks: Int) -> Int {
    self == .ordered && ranks > 1 ? min(count, count / ranks + piece) : count
  }

  /// Whether every rank must compute as many leaves as the others.
  public var needsEqualShares: Bool { self == .ordered }

  /// The reducer of this strategy.
  ///
  /// - Parameters:
  ///   - gradients: the flat gradient; outlives the reducer.
  ///   - weights: the flat weights, as many; outlive the reducer.
  ///   - layout: what stands where in the flat vector
  ///   - wire: how floats cross the network; `ordered` sends them as they are
  public func reducer(
    gradients: Vector, weights: Vector, layout: GradientLayout, wire: WireFormat = .fp32,
    communicator: Communicator, clock: ContinuousClock
  ) throws(MPIError) -> any GradientReducer {
    precondition(
      gradients.count == weights.count && gradients.count == layout.count,
      "a gradient of another size than its weights")
    switch self {
    case .allreduce:
      return try AllReduce(gradients: gradients, wire: wire, communicator: communicator)
    case .overlapped:
      return try Overlapped(
        gradients: gradients, layout: layout, wire: wire, communicator: communicator, clock: clock)
    case .ordered:
      precondition(wire == .fp32, "an ordered sum of rounded floats")
      return Ordered(
        gradients: gradients, weights: weights,
        slices: ReductionStrategy.slices(
          of: gradients.count, layout.cuts, ranks: communicator.size),
        communicator: communicator)
    }
  }

  /// `count` floats shared out among `ranks` at some of the `cuts`, as evenly as these allow; a slice may be empty.
  package static func slices(of count: Int, _ cuts: [Int], ranks: Int) -> [Range<Int>] {
    var bounds = [0]
    for rank in 1..<max(1, ranks) {
      let ideal = count * rank / ranks
      let nearest = cuts.min { abs($0 - ideal) < abs($1 - ideal) } ?? 0
      bounds.append(max(bounds[rank - 1], nearest))
    }
    bounds.append(count)
    return zip(bounds, bounds.dropFirst()).map { $0..<$1 }
  }
}
