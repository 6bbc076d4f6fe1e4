/// Pairs and triples of characters that hardly occur but in mojibake: BADNESS_RE of ftfy/badness.py.
enum Badness {
  /// Categories of characters; a character may be in several.
  private struct Category: OptionSet {
    let rawValue: UInt16

    static let common = Category(rawValue: 1 << 0)
    static let c1 = Category(rawValue: 1 << 1)
    static let bad = Category(rawValue: 1 << 2)
    static let law = Category(rawValue: 1 << 3)
    static let currency = Category(rawValue: 1 << 4)
    static let start = Category(rawValue: 1 << 5)
    static let end = Category(rawValue: 1 << 6)
    static let numeric = Category(rawValue: 1 << 7)
    static let kaomoji = Category(rawValue: 1 << 8)
    static let upper = Category(rawValue: 1 << 9)
    static let lower = Category(rawValue: 1 << 10)
    static let upperCommon = Category(rawValue: 1 << 11)
    static let lowerCommon = Category(rawValue: 1 << 12)
    static let box = Category(rawValue: 1 << 13)

    static let accented: Category = [.lower, .upper]
    static let suspicious: Category = [
      .lower, .upper, .box, .start, .end, .currency, .numeric, .law,
    ]
  }

  private static let categories: [UInt32: Category] = {
    var categories: [UInt32: Category] = [:]
    let tables: [(String, Category)] = [
      (MojibakeTable.common, .common), (MojibakeTable.c1, .c1), (MojibakeTable.bad, .bad),
      (MojibakeTable.law, .law), (MojibakeTable.currency, .currency),
      (MojibakeTable.startPunctuation, .start), (MojibakeTable.endPunctuation, .end),
      (MojibakeTable.numeric, .numeric), (MojibakeTable.kaomoji, .kaomoji),
      (MojibakeTable.upperAccented, .upper), (MojibakeTable.lowerAccented, .lower),
      (MojibakeTable.upperCommon, .upperCommon), (MojibakeTable.lowerCommon, .lowerCommon),
      (MojibakeTable.box, .box),
    ]
    for (table, category) in tables {
      for member in CharacterClass(table).members {
        categories[member, default: []].formUnion(category)
      }
    }
    return categories
  }()

  /// True if `text` looks like mojibake.
  static func isBad(_ text: [UInt32]) -> Bool {
    guard text.contains(where: { $0 >= 0x80 }) else { return false }
    return text.indices.contains { Place(text, $0).isBad }
  }

  /// Three characters of a text, and more if needed.
  private struct Place {
    let text: [UInt32]
    let index: Int
    let scalars: (UInt32, UInt32, UInt32)

    /// No character.
    static let none: UInt32 = 0xFFFF_FFFF

    init(_ text: [UInt32], _ index: Int) {
      self.text = text
      self.index = index
      func at(_ place: Int) -> UInt32 { place < text.count ? text[place] : Self.none }
      scalars = (at(index), at(index + 1), at(index + 2))
    }

    private func category(_ scalar: UInt32) -> Category {
      scalar < 0x80 ? [] : categories[scalar] ?? []
    }

    var isBad: Bool {
      let (a, b, _) = scalars
      // Every pattern has a character beyond ASCII among its first two, or among its first three after a letter and a space.
      if a < 0x80, b < 0x80 { return a.isASCIILower && b.isPythonSpace && isLoneCapital(from: 2) }
      return isBadPair || isBadTriple || isKnown
    }

    private var isBadPair: Bool {
      let (a, b) = (category(scalars.0), category(scalars.1))
      func pair(_ first: Category, _ second: Category) -> Bool {
        !a.isDisjoint(with: first) && !b.isDisjoint(with: second)
      }
      return a.contains(.c1)
        || pair(Category.suspicious.union(.bad), .bad) || pair(.bad, .suspicious)
        || pair([.lower, .lowerCommon, .box, .end, .currency, .numeric], .upper)
        || pair([.box, .end, .currency, .numeric], .lower)
        || pair([.lower, .box, .end], .currency)
        || pair([.upper, .box], [.numeric, .law])
        || pair([.currency, .numeric, .box], .start)
        || pair(.box, [.kaomoji, .end])
        || pair([.lower, .upper, .currency, .numeric, .start, .end, .law], .box)
        || a.contains(.upper) && scalars.1 == 0xB0
    }

    private var isBadTriple: Bool {
      let (first, _, third) = scalars
      let (a, b, c) = (category(scalars.0), category(scalars.1), category(third))
      func triple(_ first: Category, _ second: Category, _ third: Category) -> Bool {
        !a.isDisjoint(with: first) && !b.isDisjoint(with: second) && !c.isDisjoint(with: third)
      }
      return first.isASCIILetter && !b.isDisjoint(with: [.lowerCommon, .upperCommon])
        && c.contains(.bad)
        || first.isPythonSpace && b.contains(.upper) && c.contains(.currency)
        || triple([.lower, .upper, .box, .currency, .end], .start, .numeric)
        || triple([.lower, .upper, .currency, .numeric, .box, .law], .end, .start)
        || first.isASCIILower && b.contains(.upper) && !c.isDisjoint(with: [.start, .currency])
        || !a.isDisjoint(with: .accented) && !b.isDisjoint(with: [.start, .end])
          && third.isPythonWord
    }

    /// The patterns of particular characters.
    private var isKnown: Bool {
      let (first, second, third) = scalars
      guard let letter = Unicode.Scalar(first) else { return false }
      let next = category(second)
      func follows(_ characters: String, _ scalar: UInt32) -> Bool {
        characters.unicodeScalars.contains { $0.value == scalar }
      }
      /// A letter, a character of `categories` or `others`, and a letter again.
      func isBetween(_ letters: String, _ categories: Category, _ others: String) -> Bool {
        (!next.isDisjoint(with: categories) || follows(others, second)) && follows(letters, third)
      }
      let marks: Category = [.c1, .bad, .start, .end, .currency]
      switch letter {
      case "Œ", "œ":
        if second != Self.none, !second.isASCIILetter { return true }
      case "Â", "Ã", "Î", "Ð":
        if follows("€œŠš¢£Ÿž\u{A0}\u{AD}®©°·»–—´", second)
          || !next.isDisjoint(with: [.start, .end])
        {
          return true
        }
        if letter == "Ã", second == 0xA1 { return true }
        if index == 0, isLoneCapital(from: 0) { return true }
      case "×": return follows("²³", second)
      case "Ø", "Ù": return isArabic(0) && isArabic(2)
      case "à": return follows("²µ¹¼½¾", second)
      case "√": return follows("±∂†≠®™´≤≥¥µø", second)
      case "≈": return follows("°¢", second)
      case "‚":
        return second == 0xC4 && follows("ìîïòôúùû†°¢π", third)
          || follows("âó", second) && follows("àä°ê", third)
      case "в": return second == 0x402
      case "В", "Г", "Р", "С":
        return isBetween("ВГРС", marks, "°µ") || letter == "Г" && isGarbledTwice
      case "β": return second == 0x20AC && follows("™\u{A0}Ά\u{AD}®°", third)
      case "Β", "Γ", "Ξ", "Ο": return isBetween("ΒΓΞΟ", marks, "°")
      case "ā": return second == 0x20AC
      default: break
      }
      if first.isASCIILower {
        let place = second.isPythonSpace ? 2 : 1
        if isLoneCapital(from: place) || isLoneCapital(from: 1) { return true }
      }
      let mayStand =
        first.isASCIILower || follows(".,?!", first) || category(first).contains(.end)
      return mayStand && second == 0xC2
        && (third == 0x20 || !category(third).isDisjoint(with: [.start, .end]))
    }

    /// `[ÃÂ][ ]` at `offset`.
    private func isLoneCapital(from offset: Int) -> Bool {
      let place = index + offset
      guard place + 1 < text.count else { return false }
      return (text[place] == 0xC2 || text[place] == 0xC3) && text[place + 1] == 0x20
    }

    /// A letter of Arabic in Windows-1252 at `offset`.
    private func isArabic(_ offset: Int) -> Bool {
      let place = index + offset
      guard place + 1 < text.count, text[place] == 0xD8 || text[place] == 0xD9 else {
        return false
      }
      let next = text[place + 1]
      return !category(next).isDisjoint(with: [.common, .currency, .bad, .numeric, .start])
        || "ŸŠ®°µ»".unicodeScalars.contains { $0.value == next }
    }

    /// `ГўВЂВ.[A-Za-z ]`
    private var isGarbledTwice: Bool {
      guard index + 6 < text.count else { return false }
      let last = text[index + 6]
      return text[index..<index + 5].elementsEqual("ГўВЂВ".unicodeScalars.map(\.value))
        && text[index + 5] != 0x0A && (last.isASCIILetter || last == 0x20)
    }
  }
}
