/// Text as GPT-1's words were cut from it: repaired as by ftfy, then standardised.
package enum StandardText {
  /// The repaired and standardised form of a whole text or document.
  package static func of(_ text: Span<UInt8>) -> [UInt8] {
    var fixer = TextFixer()
    return of(text, fixer: &fixer)
  }

  /// The repaired and standardised form of a piece of text, which begins and ends at a line's end. The pieces of a document share `fixer`.
  package static func of(_ text: Span<UInt8>, fixer: inout TextFixer) -> [UInt8] {
    guard let fixed = fixer.fix(text) else { return Standardise.standardise(text) }
    return Standardise.standardise(fixed.span)
  }

  /// Calls `body` with the ranges of the chunks of standardised `text`, which spaces separate. A line break is a chunk.
  package static func forEachChunk(of text: Span<UInt8>, _ body: (Range<Int>) -> Void) {
    var start = 0
    for index in text.indices where text[index] == UInt8(ascii: " ") {
      if start < index { body(start..<index) }
      start = index + 1
    }
    if start < text.count { body(start..<text.count) }
  }
}
