import Files
import Model

/// A split cut into windows of T tokens, end to end: window i reads ids i·T ..< (i+1)·T and predicts those one later.
public struct Windows: Sendable {
  /// The data.
  public let dataset: TokenDataset

  /// The split.
  public let split: Split

  /// T.
  public let length: Int

  /// The windows: ⌊(tokens − 1)/T⌋, at least 1. Ids after the last whole window are not read.
  public let count: Int

  /// Windows of `length` ids; an InputError where the split is too short for one.
  public init(_ dataset: TokenDataset, split: Split, length: Int) throws(InputError) {
    precondition(length > 0, "windows without tokens")
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
        "the \(split.rawValue) split has \(tokens) tokens, and one window of context \(length) "
          + "needs \(length + 1): \(remedy), or train with a shorter context",
        path: dataset.folder)
    }
  }

  /// The batch of `windows`, one sequence each, whose places in the step's global batch are `samples`. Every position counts.
  /// An InputError where the file holds ids outside of the vocabulary.
  public func batch(windows: [Int], samples: [UInt32]) throws(InputError) -> Batch {
    var tokens: [Int32] = []
    var targets: [Int32] = []
    for window in windows {
      precondition(window >= 0 && window < count, "no such window")
      let start = window * length
      let ids = try dataset.tokens(start..<start + length + 1, of: split)
      tokens += ids.dropLast()
      targets += ids.dropFirst()
    }
    return Batch(
      sequences: windows.count, length: length, tokens: tokens, targets: targets,
      lossWeights: [Float](repeating: 1, count: tokens.count), samples: samples)
  }
}
