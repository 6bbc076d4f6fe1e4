import Foundation
import Words

/// A list of words: their bytes, end to end, and the end of each.
struct WordList {
  private(set) var bytes: [UInt8] = []
  private(set) var ends: [Int] = []

  /// Ends the word that `append` has begun; does nothing if there is none.
  @inline(__always)
  mutating func endWord() { if bytes.count > (ends.last ?? 0) { ends.append(bytes.count) } }

  @inline(__always)
  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

  /// Calls `body` with each word, in order.
  @inline(__always)
  func forEach(_ body: (Span<UInt8>) -> Void) {
    let span = bytes.span
    var start = 0
    for end in ends {
      body(span.extracting(start..<end))
      start = end
    }
  }
}

/// Splits standardised text into the lower-case words that byte-pair encoding cuts into pieces. This is the only place with word rules.
///
/// The rules are those of Hugging Face's `OpenAIGPTTokenizer` (BertNormalizer(lowercase: true), then BertPreTokenizer), scalar by scalar:
/// control, format and private-use characters are dropped; Chinese characters and punctuation are separate words; accents are stripped
/// (canonical decomposition without non-spacing marks); the rest is lower-cased. One difference: a newline is a separate word, "\n", as it
/// was for OpenAI; Hugging Face's tokenizer drops it.
///
/// Compared with Hugging Face's tokenizers 0.23 on every scalar after standardisation, the words differ only for 659 characters that
/// Unicode added, or moved to another category, after its tables were made; none is in GPT-1's vocabulary.
///
/// It caches the result for each scalar that is not ASCII; hence `mutating`.
struct WordSplitter {
  private enum Kind: UInt8 { case letter, isolated, space, dropped, newline, folded }

  /// The result for one scalar: letters of the current word, a separate word, or a space.
  private struct Folded {
    var kind: Kind
    var bytes: [UInt8]
  }

  private var folds: [UInt32: [Folded]] = [:]

  private static let kinds: [Kind] = (0..<256).map { byte in
    switch UInt8(byte) {
    case UInt8(ascii: "\n"): .newline
    case 0x09, 0x0D, 0x20: .space
    case 0x00..<0x20, 0x7F: .dropped
    case 0x80...: .folded
    case let byte where isPunctuation(Unicode.Scalar(byte)): .isolated
    default: .letter
    }
  }

  /// Appends the words of `text`, which is valid UTF-8, to `words`.
  mutating func split(_ text: Span<UInt8>, into words: inout WordList) {
    words.endWord()
    let kinds = Self.kinds.span
    var index = 0
    while index < text.count {
      let byte = text[index]
      switch kinds[Int(byte)] {
      case .letter:
        let upper = byte &- UInt8(ascii: "A") < 26
        words.append(upper ? byte | 0x20 : byte)
      case .space: words.endWord()
      case .isolated, .newline:
        words.endWord()
        words.append(byte)
        words.endWord()
      case .dropped: break
      case .folded:
        let (scalar, length) = text.scalar(at: index)
        for fold in folds(of: scalar) {
          if fold.kind != .letter { words.endWord() }
          words.append(fold.bytes)
          if fold.kind != .letter { words.endWord() }
        }
        index += length - 1
      }
      index += 1
    }
    words.endWord()
  }

  private mutating func folds(of value: UInt32) -> [Folded] {
    if let known = folds[value] { return known }
    let folded = Unicode.Scalar(value).map(Self.fold) ?? []
    folds[value] = folded
    return folded
  }

  private static func fold(_ scalar: Unicode.Scalar) -> [Folded] {
    switch scalar.properties.generalCategory {
    case .control, .format, .privateUse, .surrogate: return []
    default: break
    }
    if scalar.value == 0xFFFD { return [] }
    let chinese = isChinese(scalar.value)
    let decomposed = String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars
    return decomposed.filter { $0.properties.generalCategory != .nonspacingMark }.map { scalar in
      if scalar.properties.isWhitespace { return Folded(kind: .space, bytes: []) }
      let bytes = Array(scalar.properties.lowercaseMapping.utf8)
      return Folded(kind: chinese || isPunctuation(scalar) ? .isolated : .letter, bytes: bytes)
    }
  }

  /// True for BERT's punctuation: Unicode's categories P*, and every ASCII sign (including "$", "+", "~").
  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
    default: break
    }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }

  /// True for the CJK blocks that BERT's tokenizer isolates (google-research/bert, tokenization.py).
  private static func isChinese(_ value: UInt32) -> Bool {
    switch value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      return true
    default: return false
    }
  }
}
