/// The tokens that structured inputs add to a vocabulary: new rows at the end of the embedding.
public struct SpecialTokens: Sendable, Equatable, Codable {
  /// The number of special tokens.
  public static let count = names.count

  /// Their names by id, as in OpenAI's code (finetune-transformer-lm, train.py).
  public static let names = ["_start_", "_delimiter_", "_classify_"]

  /// The paper's `<s>`, the first token of every sequence.
  public let start: Int32

  /// The paper's `$`, between two texts.
  public let delimiter: Int32

  /// The paper's `<e>`, the last token of every sequence; the classifier reads its activation.
  public let end: Int32

  /// The ids in the order of the names.
  public var ids: [Int32] { [start, delimiter, end] }

  /// The special tokens for a tokenizer with the ids 0 ..< vocabularySize.
  public init(after vocabularySize: Int) {
    start = Int32(vocabularySize)
    delimiter = start + 1
    end = start + 2
  }
}
