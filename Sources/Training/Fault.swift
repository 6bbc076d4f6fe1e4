import Buffers

/// A fault that a test plants in one rank, to see that the run notices: `nan:RANK:STEP` or `flip:RANK:STEP`.
public struct Fault: Sendable, Equatable {
  /// What goes wrong.
  public enum Kind: String, Sendable, CaseIterable {
    /// A NaN in the gradient of the step.
    case nan
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

  /// Does it to the middle of `values`, on its rank in its step.
  func strike(_ kind: Kind, _ values: Vector, rank: Int, step: Int) {
    guard kind == self.kind, rank == self.rank, step == self.step else { return }
    let middle = values.count / 2
    switch kind {
    case .nan: values[middle] = .nan
    case .flip: values[middle] = Float(bitPattern: values[middle].bitPattern ^ 1)
    }
  }
}
