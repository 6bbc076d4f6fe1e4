/// Entities of HTML: `unescape_html` of ftfy/fixes.py.
enum Entities {
  private static let longestName = 24

  /// The scalars of each name.
  private static let table: [[UInt32]: [UInt32]] = FixTables.mapping(EntityTable.entities) {
    $0.scalars
  }

  /// Replaces the entities that are named or numbered and end in a semicolon.
  static func decoded(_ text: [UInt32]) -> [UInt32] {
    let ampersand = UInt32(ascii: "&")
    guard text.contains(ampersand) else { return text }
    var output: [UInt32] = []
    output.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      if text[index] == ampersand, let (scalars, end) = entity(text, index) {
        output += scalars
        index = end
      } else {
        output.append(text[index])
        index += 1
      }
    }
    return output
  }

  /// The entity that begins at `start`, and its end; nil if there is none or its name is unknown.
  private static func entity(_ text: [UInt32], _ start: Int) -> (scalars: [UInt32], end: Int)? {
    var name = start + 1
    let isNumber = name < text.count && text[name] == UInt32(ascii: "#")
    if isNumber { name += 1 }
    let letters = text[name...].prefix(
      longestName + 1, while: { $0.isASCIILetter || $0.isASCIIDigit })
    guard 1...longestName ~= letters.count, letters.endIndex < text.count,
      text[letters.endIndex] == UInt32(ascii: ";")
    else { return nil }
    let scalars = isNumber ? numbered(letters) : table[Array(letters)]
    return scalars.map { ($0, letters.endIndex + 1) }
  }

  /// The scalars of a numeric reference, as Python's `html.unescape` reads it; nil if the digits are none.
  private static func numbered(_ digits: ArraySlice<UInt32>) -> [UInt32]? {
    var (radix, digits): (UInt32, ArraySlice<UInt32>) = (10, digits)
    if let first = digits.first, first | 0x20 == UInt32(ascii: "x") {
      (radix, digits) = (16, digits.dropFirst())
    }
    guard !digits.isEmpty else { return nil }
    var number: UInt32 = 0
    for digit in digits {
      let value = digit.isASCIIDigit ? digit - 0x30 : (digit | 0x20) - 0x61 + 10
      guard value < radix else { return nil }
      number = min(number * radix + value, 0x110000)
    }
    switch number {
    case 0, 0xD800...0xDFFF, 0x110000...: return [0xFFFD]
    case 0x80...0x9F: return [Encodings.windows1252.characters[Int(number)]]
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0xFDD0...0xFDEF: return []
    case let number where number & 0xFFFE == 0xFFFE: return []
    // ftfy keeps references whose character is a semicolon.
    case UInt32(ascii: ";"): return nil
    default: return [number]
    }
  }
}

extension ArraySlice<UInt32> {
  /// The longest prefix of at most `limit` elements that satisfy `condition`.
  fileprivate func prefix(_ limit: Int, while condition: (UInt32) -> Bool) -> ArraySlice<UInt32> {
    prefix(limit).prefix(while: condition)
  }
}

/// Reads the tables that map characters or names to characters.
enum FixTables {
  /// The entries `key=hex+hex` of `table`.
  static func mapping<Key: Hashable>(
    _ table: String, key: (Substring.UTF8View) -> Key
  ) -> [Key: [UInt32]] {
    var mapping: [Key: [UInt32]] = [:]
    for entry in table.utf8.words {
      let parts = entry.split(separator: UInt8(ascii: "="))
      mapping[key(parts[0])] = parts[1].split(separator: UInt8(ascii: "+")).map(\.hexadecimal)
    }
    return mapping
  }
}
