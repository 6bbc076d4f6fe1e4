import Tokenization

/// An example as token sequences, the input of a model.
public struct EncodedExample: Sendable, Equatable {
  /// The sequences, each from start to end token: two for a similarity task, one per answer for multiple choice, otherwise one.
  public let sequences: [[Int32]]

  /// The probabilities to learn, one per class, answer or whole number (`Answer.probabilities`); nil without a label.
  public let target: [Float]?

  /// The number of tokens that were cut from all sequences together so that they fit into the context.
  public let cutTokens: Int

  /// The counts of all tokens of its texts and answers, and of the unknown ones.
  public let unknownTokens: UnknownTokens

  /// True if any sequence was cut.
  public var isTruncated: Bool { cutTokens > 0 }

  /// Creates an encoded example.
  public init(
    sequences: [[Int32]], target: [Float]?, cutTokens: Int,
    unknownTokens: UnknownTokens = UnknownTokens()
  ) {
    (self.sequences, self.target, self.cutTokens) = (sequences, target, cutTokens)
    self.unknownTokens = unknownTokens
  }
}

extension Sequence<EncodedExample> {
  /// The unknown tokens of all examples together.
  public var unknownTokens: UnknownTokens {
    reduce(into: UnknownTokens()) { $0.add($1.unknownTokens) }
  }
}
