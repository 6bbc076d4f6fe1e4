/// The tokens that structured inputs add to a vocabulary: new rows of the embedding, which follow its last.
public struct SpecialTokens: Sendable, Equatable, Codable {
  /// How many there are.
  public static let count = names.count

  /// Their names by id, as OpenAI has them (finetune-transformer-lm, train.py).
  public static let names = ["_start_", "_delimiter_", "_classify_"]

  /// The paper's `<s>`, with which every sequence begins.
  public let start: Int32

  /// The paper's `$`, between two texts.
  public let delimiter: Int32

  /// The paper's `<e>`, with which every sequence ends: the classifier reads its activation.
  public let end: Int32

  /// Their ids in the order of their names.
  public var ids: [Int32] { [start, delimiter, end] }

  /// Those of a tokenizer with the ids 0 ..< vocabularySize.
  public init(after vocabularySize: Int) {
    start = Int32(vocabularySize)
    delimiter = start + 1
    end = start + 2
  }
}
