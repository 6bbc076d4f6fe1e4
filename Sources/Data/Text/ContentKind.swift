/// What the bytes of a file are, judged by its beginning: the one place that knows archives, compressed files, encodings and
/// whatever else people give where text is expected. A pure function of the bytes.
public enum ContentKind: Sendable, Equatable {
  /// Text in UTF-8, perhaps after a byte-order mark.
  case text
  /// Text in UTF-8 whose every line is a JSON object.
  case jsonLines
  /// One JSON object or list that spreads over the file.
  case json
  /// A page of HTML.
  case html
  /// What git-lfs leaves in the place of a file that it has not fetched.
  case gitLFSPointer
  /// A file of a known format that is not text: what it is, and what to do.
  case known(what: String, advice: String)
  /// Text in another encoding.
  case encoded(TextEncoding)
  /// Nothing known: control characters and bytes that no text has.
  case binary

  /// How many bytes of a file's beginning are enough.
  static let beginning = 1 << 16

  /// Judges a file by its first `beginning` bytes.
  ///
  /// - Parameters:
  ///   - bytes: the beginning
  ///   - isWhole: whether the file ends there
  static func of(_ bytes: Span<UInt8>, isWhole: Bool) -> ContentKind {
    let sample = bytes.extracting(0..<min(bytes.count, beginning)).array()
    let isWhole = isWhole && sample.count == bytes.count
    if let known = KnownFormat.of(sample) {
      return .known(what: known.what, advice: known.advice)
    }
    let counts = ControlCounts(of: sample.span)
    if sample.starts(with: WideEncoding.utf8Mark) {
      return ofText(Array(sample.dropFirst(3)), isWhole: isWhole)
    }
    if let wide = WideEncoding.of(sample, isSuspect: counts.isSuspect) {
      return .encoded(.wide(wide))
    }
    if counts.isMany { return .binary }
    // The last character may be cut where the sample ends.
    let whole = isWhole ? sample : Array(sample.dropLast(sample.span.cutCharacterLength))
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
      return ["<!doctype html", "<html>", "<html "].contains(where: tag.hasPrefix) ? .html : .text
    }
    return JSONShape.of(bytes, from: start, isWhole: isWhole)
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 9...13 ~= byte }
}

extension Span<UInt8> {
  /// How many bytes at the end begin a character that is not finished.
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

/// Tells JSON from text that begins with a brace or a bracket.
enum JSONShape {
  static func of(_ bytes: [UInt8], from start: Int, isWhole: Bool) -> ContentKind {
    switch bytes[start] {
    case UInt8(ascii: "{"):
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      if end < bytes.count || isWhole {
        if isObject(bytes, start..<end) { return .jsonLines }
        return isPart(bytes[start...], of: "{\"") && isName(bytes[start...]) ? .json : .text
      }
      return isName(bytes[start...]) ? .jsonLines : .text  // the first line is longer than the sample
    case UInt8(ascii: "["):
      return isPart(bytes[start...], of: "[{\"") ? .json : .text
    default: return .text
    }
  }

  private static func isObject(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    var fields = JSONFields([])
    do throws(JSONFields.Malformed) {
      _ = try fields.values(in: bytes.span, range)
      return true
    } catch { return false }
  }

  /// Whether the bytes, without white space, begin with `signs`.
  private static func isPart(_ bytes: ArraySlice<UInt8>, of signs: String) -> Bool {
    bytes.lazy.filter { !ContentKind.isSpace($0) }.prefix(signs.utf8.count)
      .elementsEqual(signs.utf8)
  }

  /// Whether the bytes begin as an object does: a brace, a name in quotes, a colon.
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
