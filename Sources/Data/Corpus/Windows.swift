import Files
import Model

/// A split cut into consecutive sequences of T tokens: sequence i reads the ids i·T ..< (i+1)·T and predicts the ids one later.
public struct Windows: Sendable {
  /// The dataset.
  public let dataset: TokenDataset

  /// The part of the dataset.
  public let split: Split

  /// T, the tokens of a sequence.
  public let length: Int

  /// The number of sequences, ⌊(tokens − 1)/T⌋, at least 1. Ids after the last whole sequence are not read.
  public let count: Int

  /// Cuts `split` into sequences of `length` ids; throws an InputError if the split is too short for one.
  public init(_ dataset: TokenDataset, split: Split, length: Int) throws(InputError) {
    precondition(length > 0, "sequences without tokens")
    let tokens = dataset.info[split].tokens
    count = max(0, (tokens - 1) / length)
    self.dataset = dataset
    self.split = split
    self.length = length
    guard count > 0 else {
      let remedy =
        split == .validation
        ? "prepare with a larger --validation-fraction, or more text" : "prepare more text"
      throw InputError(
        "the \(split.rawValue) split has \(tokens) tokens, and one sequence of context \(length) "
          + "needs \(length + 1): \(remedy), or train with a shorter context",
        path: dataset.folder)
    }
  }

  /// The batch of the sequences `windows`, whose places in the global batch of the step are `samples`. Every position counts. Throws an
  /// InputError if the file holds ids outside the vocabulary.
  public func batch(windows: [Int], samples: [UInt32]) throws(InputError) -> Batch {
    var tokens: [Int32] = []
    var targets: [Int32] = []
    for window in windows {
      precondition(window >= 0 && window < count, "no such sequence")
      let start = window * length
      let ids = try dataset.tokens(start..<start + length + 1, of: split)
      tokens += ids.dropLast()
      targets += ids.dropFirst()
    }
    return Batch(
      lengths: windows.map { _ in length }, tokens: tokens, targets: targets,
      lossWeights: [Float](repeating: 1, count: tokens.count), samples: samples)
  }
}
