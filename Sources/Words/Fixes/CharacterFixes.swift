/// Repairs of single characters, in ftfy's order (ftfy/fixes.py).
enum CharacterFixes {
  private static let ligatures = FixTables.mapping(MojibakeTable.ligatures, key: \.hexadecimal)
  private static let widths = FixTables.mapping(MojibakeTable.widths, key: \.hexadecimal)

  static func fixed(_ text: [UInt32]) -> [UInt32] {
    guard text.contains(where: isSuspect) else { return text }
    var text = text.map { 0x80...0x9F ~= $0 ? Encodings.windows1252.characters[Int($0)] : $0 }
    text = text.flatMap { ligatures[$0] ?? [$0] }
    text = text.flatMap {
      $0 == 0x3000 ? [0x20] : 0xFF01...0xFFEF ~= $0 ? widths[$0] ?? [$0] : [$0]
    }
    text = text.map(straightQuote)
    return withoutControls(withoutEscapes(withLineFeeds(text)))
  }

  /// True for characters that a repair may concern.
  private static func isSuspect(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x09, 0x0A, 0x0C, 0x20...0x7E: false
    default: true
    }
  }

  /// fix_line_breaks
  private static func withLineFeeds(_ text: [UInt32]) -> [UInt32] {
    let feed = UInt32(ascii: "\n")
    var output: [UInt32] = []
    output.reserveCapacity(text.count)
    for (index, scalar) in text.enumerated() {
      switch scalar {
      case 0x0D: if index + 1 == text.count || text[index + 1] != feed { output.append(feed) }
      case 0x2028, 0x2029, 0x85: output.append(feed)
      default: output.append(scalar)
      }
    }
    return output
  }

  /// uncurl_quotes
  private static func straightQuote(_ scalar: UInt32) -> UInt32 {
    switch scalar {
    case 0x2BC, 0x2018...0x201B: UInt32(ascii: "'")
    case 0x201C...0x201F: UInt32(ascii: "\"")
    default: scalar
    }
  }

  /// remove_terminal_escapes: ESC, `[`, digits and semicolons, a letter.
  private static func withoutEscapes(_ text: [UInt32]) -> [UInt32] {
    let escape: UInt32 = 0x1B
    guard text.contains(escape) else { return text }
    var output: [UInt32] = []
    var index = 0
    while index < text.count {
      if text[index] == escape, index + 1 < text.count, text[index + 1] == UInt32(ascii: "[") {
        let end = text[(index + 2)...].firstIndex { !$0.isDecimal && $0 != UInt32(ascii: ";") }
        if let end, text[end].isASCIILetter {
          index = end + 1
          continue
        }
      }
      output.append(text[index])
      index += 1
    }
    return output
  }

  /// remove_control_chars
  private static func withoutControls(_ text: [UInt32]) -> [UInt32] {
    text.filter { scalar in
      switch scalar {
      case 0x00...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x206A...0x206F, 0xFEFF, 0xFFF9...0xFFFC: false
      default: true
      }
    }
  }
}

extension UInt32 {
  /// True for Python's `\d`: decimal digits of any script.
  fileprivate var isDecimal: Bool {
    Unicode.Scalar(self)?.properties.generalCategory == .decimalNumber
  }
}
