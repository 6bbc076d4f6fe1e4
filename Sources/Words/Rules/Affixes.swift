/// Prefixes, suffixes and infixes: spacy/lang/punctuation.py, en/punctuation.py.
extension RuleSet {
  private static let period = UInt32(ascii: ".")
  private static let plus = UInt32(ascii: "+")

  /// The length of the prefix of `text` that is a word, or 0. Of several the first in the table counts, as in spaCy's regular expression.
  func prefixLength(_ text: ArraySlice<UInt32>) -> Int {
    guard let first = text.first else { return 0 }
    if first == Self.period {
      let run = text.prefix { $0 == Self.period }.count
      return run > 1 ? run : 0
    }
    if edition == .current, first == Self.plus {
      return text.dropFirst().first?.isASCIIDigit ?? false ? 0 : 1
    }
    if let literal = prefixes[first]?.first(where: { text.starts(with: $0) }) {
      return literal.count
    }
    return icons.contains(first) ? 1 : 0
  }

  /// The length of the suffix of `text` that is a word, or 0. Of several the longest counts: spaCy searches from the left.
  func suffixLength(_ text: ArraySlice<UInt32>) -> Int {
    guard let last = text.last else { return 0 }
    var longest = icons.contains(last) ? 1 : 0
    func consider(_ literals: [[UInt32]]?, where isAllowed: (ArraySlice<UInt32>) -> Bool) {
      for literal in literals ?? [] where literal.count > longest {
        let start = text.endIndex - literal.count
        if start >= text.startIndex, text[start...].elementsEqual(literal),
          isAllowed(text[..<start])
        {
          longest = literal.count
        }
      }
    }
    consider(suffixes[last]) { _ in true }
    consider(afterDigit[last]) { $0.last?.isASCIIDigit ?? false }
    if last == Self.plus, text.dropLast().last?.isASCIIDigit ?? false { longest = max(longest, 1) }
    return last == Self.period ? max(longest, periodLength(text)) : longest
  }

  /// The length of the suffix of periods.
  private func periodLength(_ text: ArraySlice<UInt32>) -> Int {
    let run = text.reversed().prefix { $0 == Self.period }.count
    if run > 1 { return run }
    let before = text.dropLast()
    guard let last = before.last else { return 0 }
    if last.isASCIIDigit || beforePeriod.contains(last) { return 1 }
    let second = before.dropLast().last
    let isUpperPair = upper.contains(last) && second.map(upper.contains) ?? false
    // °F. and the like
    let isDegree = second == 0xB0 && "FfCcKk".unicodeScalars.contains { $0.value == last }
    return isUpperPair || isDegree ? 1 : 0
  }

  /// The infixes of `text`, from the left. An infix at the beginning is none.
  func infixes(_ text: ArraySlice<UInt32>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var index = text.startIndex
    while index < text.endIndex {
      let length = infixLength(text, index)
      if length > 0, index > text.startIndex { found.append(index..<index + length) }
      index += max(length, 1)
    }
    return found
  }

  private func infixLength(_ text: ArraySlice<UInt32>, _ index: Int) -> Int {
    let scalar = text[index]
    if scalar.isASCIILetter { return 0 }
    if scalar == Self.period {
      let run = text[index...].prefix { $0 == Self.period }.count
      if run > 1 { return run }
    }
    if scalar == 0x2026 || icons.contains(scalar) { return 1 }
    guard index > text.startIndex else { return 0 }
    let before = text[index - 1]
    let after = index + 1 < text.endIndex ? text[index + 1] : nil
    func isAfter(_ isMember: (UInt32) -> Bool) -> Bool { after.map(isMember) ?? false }
    switch Unicode.Scalar(scalar) {
    case "+", "-", "*", "^":
      if before.isASCIIDigit, isAfter({ $0.isASCIIDigit || $0 == UInt32(ascii: "-") }) { return 1 }
    case ".":
      if beforeInnerPeriod.contains(before), isAfter(afterInnerPeriod.contains) { return 1 }
    case ",":
      if alpha.contains(before), isAfter(alpha.contains) { return 1 }
    default: break
    }
    let hyphen = hyphenLength(text, index, before)
    if hyphen > 0 { return hyphen }
    switch Unicode.Scalar(scalar) {
    case ":", "<", ">", "=", "/":
      let isSeparated =
        alpha.contains(before)
        || (edition == .year2018 ? before == UInt32(ascii: "\"") : before.isASCIIDigit)
      return isSeparated && isAfter(alpha.contains) ? 1 : 0
    default: return 0
    }
  }

  /// The length of a hyphen between letters at `index`; with the rules of 2018, together with the signs before it.
  private func hyphenLength(_ text: ArraySlice<UInt32>, _ index: Int, _ before: UInt32) -> Int {
    var start = index
    if edition == .year2018 {
      guard alpha.contains(before) else { return 0 }
      while start < text.endIndex,
        "?\";:=,.".unicodeScalars.contains(where: { $0.value == text[start] })
      {
        start += 1
      }
    } else {
      guard alpha.contains(before) || before.isASCIIDigit else { return 0 }
    }
    for hyphen in hyphens where text[start...].starts(with: hyphen) {
      let end = start + hyphen.count
      if end < text.endIndex, alpha.contains(text[end]) { return end - index }
    }
    return 0
  }
}
