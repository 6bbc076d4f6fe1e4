import Buffers
import Model

/// A fault that a test plants in one rank, to see that the run notices: `nan:RANK:STEP`, `spike:RANK:STEP` or `flip:RANK:STEP`.
public struct Fault: Sendable, Equatable {
  /// What goes wrong.
  public enum Kind: String, Sendable, CaseIterable {
    /// NaN in the loss and the gradient of the rank's first leaf of the step.
    case nan
    /// The loss and the gradient of that leaf a thousand times as large.
    case spike
    /// The lowest bit of one weight turned over after the step.
    case flip
  }

  let kind: Kind
  let rank: Int
  let step: Int

  /// The fault that `text` describes; nil where it describes none.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let kind = Kind(rawValue: String(parts[0])), let rank = Int(parts[1]),
      let step = Int(parts[2])
    else { return nil }
    (self.kind, self.rank, self.step) = (kind, rank, step)
  }

  /// Turns over a bit of the weights, on its rank in its step.
  func strike(_ weights: Vector, rank: Int, step: Int) {
    guard kind == .flip, rank == self.rank, step == self.step else { return }
    let middle = weights.count / 2
    weights[middle] = Float(bitPattern: weights[middle].bitPattern ^ 1)
  }

  /// Ruins what the losses of a leaf count, on its rank in its step.
  func strike(_ batch: inout Batch, leaf: Int, rank: Int, step: Int) {
    guard kind != .flip, rank == self.rank, leaf == rank, step == self.step else { return }
    let weight: Float = kind == .nan ? .nan : 1_000
    batch.lossWeights = batch.lossWeights.map { $0 * weight }
  }
}
