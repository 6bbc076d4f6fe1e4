import Tokenization

/// An example as a model takes it.
public struct EncodedExample: Sendable, Equatable {
  /// Its sequences, each from start to end: two of a similarity task, one for each answer of a multiple choice, else one.
  public let sequences: [[Int32]]

  /// The probabilities to be learned, one for each class, answer or whole number (`Answer.probabilities`); nil without a label.
  public let target: [Float]?

  /// The tokens that all sequences together lost so that they fit into the context.
  public let cutTokens: Int

  /// Those of its texts and answers that the tokenizer does not know.
  public let unknownTokens: UnknownTokens

  /// Whether any sequence lost tokens.
  public var isTruncated: Bool { cutTokens > 0 }

  /// An encoded example.
  public init(
    sequences: [[Int32]], target: [Float]?, cutTokens: Int,
    unknownTokens: UnknownTokens = UnknownTokens()
  ) {
    (self.sequences, self.target, self.cutTokens) = (sequences, target, cutTokens)
    self.unknownTokens = unknownTokens
  }
}

extension Sequence<EncodedExample> {
  /// The unknown tokens of all.
  public var unknownTokens: UnknownTokens {
    reduce(into: UnknownTokens()) { $0.add($1.unknownTokens) }
  }
}
