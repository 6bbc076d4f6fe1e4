/// Counts of characters that do not belong in text: zero bytes, control characters (except white space), and the replacement character
/// U+FFFD that failed conversions leave. Good text has a few at most; many indicate that a file is not text.
package struct ControlCounts: Sendable, Equatable {
  /// The number of bytes that were examined.
  private(set) var bytes = 0
  private(set) var zeros = 0
  private(set) var controls = 0
  private(set) var replacements = 0

  package init() {}

  /// Counts the characters in `text`; ignores bytes that are not UTF-8.
  package init(of text: Span<UInt8>) {
    bytes = text.count
    for index in text.indices {
      let byte = text[index]
      // Nearly all bytes of text are 20–7E.
      if byte &- 0x20 < 0x5F { continue }
      switch byte {
      case 0: zeros += 1
      case 9...13, 0x80...0xC1, 0xC3...0xEE, 0xF0...: break
      case 0xC2:
        guard index + 1 < text.count else { break }
        // U+0085 is a line break.
        if 0x80...0x9F ~= text[index + 1], text[index + 1] != 0x85 { controls += 1 }
      case 0xEF:
        guard index + 2 < text.count else { break }
        if text[index + 1] == 0xBF, text[index + 2] == 0xBD { replacements += 1 }
      default: controls += 1
      }
    }
  }

  package mutating func add(_ other: ControlCounts) {
    bytes += other.bytes
    zeros += other.zeros
    controls += other.controls
    replacements += other.replacements
  }

  /// True if nothing was found.
  package var isEmpty: Bool { zeros + controls + replacements == 0 }

  /// True if the bytes may be text in units of two or four bytes.
  var isSuspect: Bool { (zeros + controls) * 100 > bytes }

  /// True if this is not text: more than one in a hundred, or a thousand zero bytes, which indicate a hole in a file.
  package var isMany: Bool { zeros > 1000 || zeros + controls > 16 && isSuspect }

  /// The counts as a phrase: `3 zero bytes and 1 control character`.
  package var description: String {
    func counted(_ count: Int, _ what: String) -> [String] {
      count == 0 ? [] : ["\(count) \(what)\(count == 1 ? "" : "s")"]
    }
    let parts =
      counted(zeros, "zero byte") + counted(controls, "control character")
      + counted(replacements, "replacement character")
    guard parts.count > 1, let last = parts.last else { return parts.joined() }
    return parts.dropLast().joined(separator: ", ") + " and " + last
  }

  /// The error message for a text with too many.
  package var refusal: String {
    "is not text: it has \(description) in \(bytes == ContentKind.beginning ? "its first \(bytes)" : "\(bytes)") bytes; check where the file comes from, or remove "
      + "these bytes with `tr -d '\\000-\\010\\016-\\037\\177'`"
  }
}
