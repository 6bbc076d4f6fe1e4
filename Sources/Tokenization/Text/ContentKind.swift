/// The kind of a file's contents, judged by its beginning. This is the only place that knows archives, compressed files, encodings and
/// other files that people give instead of text. A pure function of the bytes.
public enum ContentKind: Sendable, Equatable {
  /// Text in UTF-8, with or without a byte-order mark.
  case text
  /// Text in UTF-8 whose first lines are all, or mostly, JSON objects.
  case jsonLines
  /// One JSON object or list over several lines.
  case json
  /// An HTML page.
  case html
  /// An XML document with an XML declaration.
  case xml
  /// The pointer that git-lfs leaves in the place of a file that it has not fetched.
  case gitLFSPointer
  /// A file of a known format that is not text: its format, and advice.
  case known(what: String, advice: String)
  /// Text in another encoding.
  case encoded(TextEncoding)
  /// Unknown contents: control characters and bytes that do not occur in text.
  case binary

  /// The number of bytes at a file's beginning by which it is judged.
  package static let beginning = 1 << 16

  /// Judges a file by its first `beginning` bytes.
  ///
  /// - Parameters:
  ///   - bytes: the beginning of the file
  ///   - isWhole: true if the file ends there
  package static func of(_ bytes: Span<UInt8>, isWhole: Bool) -> ContentKind {
    let sample = bytes.extracting(0..<min(bytes.count, beginning)).array()
    let isWhole = isWhole && sample.count == bytes.count
    if let known = KnownFormat.of(sample) {
      return .known(what: known.what, advice: known.advice)
    }
    let counts = ControlCounts(of: sample.span)
    let mark = sample.span.utf8MarkLength
    if mark == 0 {
      if let wide = WideEncoding.of(sample, isSuspect: counts.isSuspect) {
        return .encoded(.wide(wide))
      }
      if counts.isMany { return .binary }
    }
    // The last character may be cut at the end of the sample.
    let cut = isWhole ? 0 : sample.span.cutCharacterLength
    let whole = Array(sample[mark..<max(mark, sample.count - cut)])
    if whole.span.firstInvalidUTF8() != nil { return .encoded(.of(whole.span)) }
    return ofText(whole, isWhole: isWhole)
  }

  private static func ofText(_ bytes: [UInt8], isWhole: Bool) -> ContentKind {
    if bytes.starts(with: "version https://git-lfs.github.com/spec/".utf8) {
      return .gitLFSPointer
    }
    guard let start = bytes.firstIndex(where: { !Self.isSpace($0) }) else { return .text }
    let text = bytes[start...]
    if text[start] == UInt8(ascii: "<") {
      let tag = String(decoding: text.prefix(15), as: UTF8.self).lowercased()
      if tag.hasPrefix("<?xml") { return .xml }
      return ["<!doctype html", "<html>", "<html "].contains(where: tag.hasPrefix) ? .html : .text
    }
    let kind = JSONShape.of(bytes, from: start, isWhole: isWhole)
    return kind == .text && JSONShape.areMostlyObjects(bytes, isWhole: isWhole) ? .jsonLines : kind
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 9...13 ~= byte }
}

extension Span<UInt8> {
  /// The number of bytes at the end that belong to an incomplete character.
  var cutCharacterLength: Int {
    for back in 1...3 where back <= count {
      let byte = self[count - back]
      if byte & 0xC0 == 0x80 { continue }
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return length > back ? back : 0
    }
    return 0
  }
}

/// Distinguishes JSON from text that begins with a brace or a bracket.
enum JSONShape {
  package static func of(_ bytes: [UInt8], from start: Int, isWhole: Bool) -> ContentKind {
    switch bytes[start] {
    case UInt8(ascii: "{"):
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      if end < bytes.count || isWhole {
        switch look(at: bytes, start..<end) {
        case .object: return .jsonLines
        case .beginning: return isName(bytes[start...]) ? .json : .text
        case .neither: return .text
        }
      }
      // The first line is longer than the sample.
      return isName(bytes[start...]) ? .jsonLines : .text
    case UInt8(ascii: "["):
      return isPart(bytes[start...], of: "[{\"") ? .json : .text
    default: return .text
    }
  }

  /// Returns true if most of the first non-blank lines are JSON objects, as in JSON Lines below a heading or a comment.
  static func areMostlyObjects(_ bytes: [UInt8], isWhole: Bool) -> Bool {
    var (lines, objects, start) = (0, 0, 0)
    while start < bytes.count, lines < looks {
      let found = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
      // A line that continues beyond the sample cannot be judged.
      guard let end = found ?? (isWhole ? bytes.count : nil) else { break }
      if let first = bytes[start..<end].firstIndex(where: { !ContentKind.isSpace($0) }) {
        lines += 1
        if bytes[first] == UInt8(ascii: "{"), look(at: bytes, first..<end) == .object {
          objects += 1
        }
      }
      start = end + 1
    }
    return objects * 2 > lines
  }

  /// The number of lines that are judged.
  private static let looks = 20

  private enum Line { case object, beginning, neither }

  /// Tells whether a line is a whole JSON object or the beginning of one that continues on the next line.
  private static func look(at bytes: [UInt8], _ range: Range<Int>) -> Line {
    var fields = JSONFields([])
    do throws(JSONFields.Malformed) {
      _ = try fields.values(in: bytes.span, range)
      return .object
    } catch { return error.offset >= range.count ? .beginning : .neither }
  }

  /// True if the bytes, without white space, begin with `signs`.
  private static func isPart(_ bytes: ArraySlice<UInt8>, of signs: String) -> Bool {
    bytes.lazy.filter { !ContentKind.isSpace($0) }.prefix(signs.utf8.count)
      .elementsEqual(signs.utf8)
  }

  /// True if the bytes begin like an object: a brace, a name in quotes, a colon.
  private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard isPart(bytes, of: "{\""), let quote = bytes.firstIndex(of: UInt8(ascii: "\"")) else {
      return false
    }
    var index = quote + 1
    while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\"") {
      if bytes[index] == UInt8(ascii: "\n") { return false }
      index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard index < bytes.endIndex else { return false }
    return bytes[(index + 1)...].first { !ContentKind.isSpace($0) } == UInt8(ascii: ":")
  }
}
