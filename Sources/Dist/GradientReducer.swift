import Buffers

/// Sums a flat gradient over the ranks, and makes the weights that come of it known.
///
/// In a step: `ready` for every float of the gradient, once, last block first; then `finish`; then
/// the optimizer on the range that `finish` returned; then `publish`. A rank that had nothing to
/// compute announces its zeros all the same.
public protocol GradientReducer: AnyObject {
  /// This rank's gradient in `range` is final and not written again before `finish` returns.
  ///
  /// Called from backward, from the thread that entered `MPI.run`. It cannot throw: errors wait for
  /// `finish`.
  func ready(_ range: Range<Int>)

  /// Collective. Sums the gradient over the ranks, in place.
  ///
  /// - Returns: the range that this rank now owns: there the gradient is the sum over all ranks;
  ///   elsewhere it is undefined.
  func finish() throws(MPIError) -> Range<Int>

  /// Collective. Makes the weights in every rank's owned range known to all ranks.
  func publish() throws(MPIError)
}

/// How gradients are summed over the ranks. A new way is a file in `Reducers/` and a case here.
public enum ReductionStrategy: String, CaseIterable, Codable, Sendable {
  /// `MPI_Allreduce` after backward; the same bits for the same number of ranks.
  case allreduce

  /// The reducer of this strategy.
  ///
  /// - Parameters:
  ///   - gradients: the flat gradient; outlives the reducer.
  ///   - weights: the flat weights, as many; outlive the reducer.
  public func reducer(
    gradients: Vector, weights: Vector, communicator: Communicator
  ) -> any GradientReducer {
    precondition(gradients.count == weights.count, "a gradient of another size than its weights")
    return switch self {
    case .allreduce: AllReduce(gradients: gradients, communicator: communicator)
    }
  }
}
