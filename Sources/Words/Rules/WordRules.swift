/// The rules by which GPT-1's text was split into words: those of spaCy's English tokenizer, after which each word is put into lower case.
///
/// The rules take standardised text (`StandardText`). White space separates chunks, and the words of a chunk depend on the chunk alone. A
/// chunk takes microseconds, so callers with much text keep what they know of the chunks seen before.
public struct WordRules: Sendable {
  /// An edition of spaCy's rules.
  public enum Edition: String, CaseIterable, Codable, Sendable {
    /// spaCy 2.0.11 of April 2018, with which the published vocabulary was made.
    case year2018 = "2018"
    /// spaCy 3.8.
    case current
  }

  /// The edition of these rules.
  public let edition: Edition

  private let splitter: ChunkSplitter

  /// Reads the tables of `edition`, which takes a few milliseconds.
  public init(_ edition: Edition = .year2018) {
    self.edition = edition
    splitter = ChunkSplitter(RuleSet(edition))
  }

  /// The words of `text`, which is repaired and standardised first; `"\n"` for a line break.
  public func words(of text: String) -> [String] {
    let standard = StandardText.of(Array(text.utf8).span)
    var words: [String] = []
    StandardText.forEachChunk(of: standard.span) { chunk in
      forEachWord(ofChunk: standard.span.extracting(chunk)) {
        words.append(String(decoding: $0, as: UTF8.self))
      }
    }
    return words
  }

  /// Calls `body` with the words of `chunk`, in lower case and in order.
  ///
  /// - Parameter chunk: valid UTF-8 without white space; a line break alone is a word
  package func forEachWord(ofChunk chunk: Span<UInt8>, _ body: ([UInt8]) -> Void) {
    let scalars = chunk.scalars(0..<chunk.count)
    for word in splitter.words(scalars) { body(LowerCase.utf8(scalars[word])) }
  }
}
