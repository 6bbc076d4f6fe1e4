/// Repairs text as ftfy 6.3.1 does (`ftfy.fix_text` with its defaults; rspeer/python-ftfy, Apache-2.0 licence, © Robyn Speer), line by line:
/// entities of HTML, UTF-8 that was read in another encoding, control characters, ligatures, wide and narrow forms, curly quotation marks,
/// line breaks, escape sequences of terminals, and composed characters (NFC).
///
/// Only lone surrogates are left out, because UTF-8 cannot hold them. A text is repaired by one fixer, in pieces that end at a line's end or
/// as a whole: from the line with the first `<` on, the text is taken for HTML, and its entities are kept.
public struct TextFixer: Sendable {
  /// The number of characters after which ftfy begins a new segment in a long line.
  private static let longestSegment = 1_000_000

  private var decodesEntities = true

  /// Creates a fixer for one text.
  public init() {}

  /// The repaired form of `text`, which is valid UTF-8; nil if it needs no repair.
  package mutating func fix(_ text: Span<UInt8>) -> [UInt8]? {
    var output: [UInt8] = []
    // The bytes before this place are in the output.
    var copied = 0
    var start = 0
    while start < text.count {
      let line = QuickLook.line(of: text, from: start)
      let needsRepair = line.isOdd || line.hasEntity && decodesEntities
      if needsRepair || line.hasQuotes {
        if output.isEmpty { output.reserveCapacity(text.count + text.count / 8) }
        Self.copy(text, copied..<start, to: &output)
        copied = line.end
        if needsRepair {
          repair(text, start..<line.end, to: &output)
        } else {
          Self.copyWithStraightQuotes(text, start..<line.end, to: &output)
        }
      }
      if line.hasLess { decodesEntities = false }
      start = line.end
    }
    guard copied > 0 else { return nil }
    Self.copy(text, copied..<text.count, to: &output)
    return output
  }

  /// The repaired form of `text`.
  public mutating func fix(_ text: String) -> String {
    fix(Array(text.utf8).span).map { String(decoding: $0, as: UTF8.self) } ?? text
  }

  /// Repairs a line segment by segment.
  private mutating func repair(
    _ text: Span<UInt8>, _ line: Range<Int>, to output: inout [UInt8]
  ) {
    let scalars = text.scalars(line)
    for start in stride(from: 0, to: scalars.count, by: Self.longestSegment) {
      let segment = scalars[start..<min(start + Self.longestSegment, scalars.count)]
      if segment.contains(UInt32(ascii: "<")) { decodesEntities = false }
      for scalar in Segment.fixed(Array(segment), decodesEntities: decodesEntities) {
        output.append(scalar: scalar)
      }
    }
  }

  private static func copy(_ text: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]) {
    for index in range { output.append(text[index]) }
  }

  /// Copies a line in which curly quotation marks are all that needs repair.
  private static func copyWithStraightQuotes(
    _ text: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]
  ) {
    var index = range.lowerBound
    while index < range.upperBound {
      if let quote = QuickLook.straightQuote(text, at: index, before: range.upperBound) {
        output.append(quote)
        index += 3
      } else {
        output.append(text[index])
        index += 1
      }
    }
  }
}
