/// A first look at a line: nearly all lines need no repair, or have straight quotation marks in place of curly ones as their only one.
struct QuickLook {
  /// The end of the line, after its line feed.
  var end: Int
  /// True if there is a `<`.
  var hasLess = false
  /// True if something looks like an entity.
  var hasEntity = false
  /// True if there are curly quotation marks.
  var hasQuotes = false
  /// True if something else may need repair.
  var isOdd = false

  private enum Kind: UInt8 { case plain, newline, less, ampersand, odd, lead }

  private static let kinds: [Kind] = (0..<256).map { byte in
    switch UInt8(byte) {
    case UInt8(ascii: "\n"): .newline
    case UInt8(ascii: "<"): .less
    case UInt8(ascii: "&"): .ampersand
    // The carriage return, and control characters that are removed.
    case 0x00...0x08, 0x0B, 0x0D...0x1F, 0x7F: .odd
    case 0x80...: .lead
    default: .plain
    }
  }

  /// Looks at the line of `text` that begins at `start`.
  static func line(of text: Span<UInt8>, from start: Int) -> QuickLook {
    var look = QuickLook(end: text.count)
    let kinds = kinds.span
    var index = start
    // The group of the character before, if it was not ASCII.
    var before = Group.none
    while index < text.count {
      let kind = kinds[Int(text[index])]
      if kind == .plain {
        index += 1
        before = .none
        continue
      }
      switch kind {
      case .newline:
        look.end = index + 1
        return look
      case .less: look.hasLess = true
      case .ampersand: look.hasEntity = look.hasEntity || isEntity(text, index)
      case .odd: look.isOdd = true
      case .plain, .lead: break
      }
      guard kind == .lead else {
        index += 1
        before = .none
        continue
      }
      let (scalar, length) = text.scalar(at: index)
      let group = Group(scalar)
      if group == .quote { look.hasQuotes = true }
      // Two characters beside each other may be mojibake, unless both are punctuation.
      if group == .other || group == .letter && before != .none
        || before == .letter
      {
        look.isOdd = true
      }
      before = group
      index += length
    }
    return look
  }

  /// Characters beyond ASCII.
  private enum Group {
    case none
    /// Letters and signs that need no repair, unless beside other characters of this kind.
    case letter
    /// Dashes and the ellipsis.
    case dash
    /// Curly quotation marks.
    case quote
    case other

    init(_ scalar: UInt32) {
      switch scalar {
      case 0x2018...0x201B, 0x201C...0x201F: self = .quote
      case 0x2013, 0x2014, 0x2026: self = .dash
      // Â, Ã, Œ and œ can be mojibake beside ASCII characters; ligatures are taken apart.
      case 0xC2, 0xC3, 0x152, 0x153, 0x132, 0x133, 0x149: self = .other
      case 0xA0...0x17F, 0x20AC: self = .letter
      default: self = .other
      }
    }
  }

  /// True if an entity of HTML, or something that looks like one, begins at `index`.
  private static func isEntity(_ text: Span<UInt8>, _ index: Int) -> Bool {
    var place = index + 1
    if place < text.count, text[place] == UInt8(ascii: "#") { place += 1 }
    let start = place
    while place < text.count, place - start <= 24 {
      switch text[place] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        place += 1
      case UInt8(ascii: ";"): return place > start
      default: return false
      }
    }
    return false
  }

  /// The straight form of the curly quotation mark at `index`, or nil. All of them have three bytes, E2 80 98 to 9F.
  static func straightQuote(_ text: Span<UInt8>, at index: Int, before end: Int) -> UInt8? {
    guard text[index] == 0xE2, index + 2 < end, text[index + 1] == 0x80 else { return nil }
    switch text[index + 2] {
    case 0x98...0x9B: return UInt8(ascii: "'")
    case 0x9C...0x9F: return UInt8(ascii: "\"")
    default: return nil
    }
  }
}
