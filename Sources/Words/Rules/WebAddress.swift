/// URLs, e-mail addresses and domains, which are one word: URL_PATTERN of spacy/lang/tokenizer_exceptions.py, which takes it from Diego Perini
/// (gist.github.com/dperini/729294, MIT licence). Written out, because every part ends at a character that it cannot contain.
struct WebAddress {
  private static let period = UInt32(ascii: ".")
  private static let hyphen = UInt32(ascii: "-")

  /// A longer text is no address, so that the time for a chunk does not grow with the square of its length.
  private static let longestText = 2048

  private let text: ArraySlice<UInt32>
  private let rules: RuleSet

  /// True if `text`, which holds no white space, is a web address by `rules`.
  static func matches(_ text: ArraySlice<UInt32>, by rules: RuleSet) -> Bool {
    guard let first = text.first, let last = text.last, text.count <= longestText,
      text.contains(period)
    else { return false }
    if rules.edition == .year2018 {
      guard first.isRegexWord, last.isRegexWord || last == UInt32(ascii: "/") else { return false }
    }
    let address = WebAddress(text: text, rules: rules)
    return address.hostStarts.contains(where: address.isHost)
  }

  /// The places where the host may begin: after the protocol, and after any user.
  private var hostStarts: [Int] {
    var starts = [text.startIndex]
    if let end = protocolEnd { starts.append(end) }
    for at in text.indices.dropFirst() where text[at] == UInt32(ascii: "@") {
      starts.append(at + 1)
    }
    return starts
  }

  /// The end of a protocol with its `://`, or nil.
  private var protocolEnd: Int? {
    let mark = "://".unicodeScalars.map(\.value)
    guard let colon = text.firstIndex(of: UInt32(ascii: ":")), text[colon...].starts(with: mark)
    else { return nil }
    let name = text[..<colon]
    switch rules.edition {
    case .year2018:
      let known = ["http", "https", "ftp", "mailto"]
      return known.contains { name.elementsEqual($0.unicodeScalars.map(\.value)) }
        ? colon + mark.count : nil
    case .current:
      let isName = name.allSatisfy {
        $0.isPythonWord || "+-.".unicodeScalars.map(\.value).contains($0)
      }
      return name.count >= 2 && isName ? colon + mark.count : nil
    }
  }

  private func isHost(at start: Int) -> Bool {
    let rest = text[start...]
    switch rules.edition {
    case .year2018: return isNumericHost(rest) || isNamedHost2018(rest)
    case .current:
      let marks = ":/?#@".unicodeScalars.map(\.value)
      let end = rest.firstIndex(where: marks.contains) ?? rest.endIndex
      return (isNumericHost(rest[..<end]) || isNamedHost(rest[..<end])) && isTail(rest[end...])
    }
  }

  /// Labels of letters and digits, and after a period at least two lower-case letters. Anything may follow.
  private func isNamedHost2018(_ rest: ArraySlice<UInt32>) -> Bool {
    var start = rest.startIndex
    while true {
      let label = rest[start...].prefix { $0.isASCIILower || $0.isASCIIDigit || $0 == Self.hyphen }
      let end = label.endIndex
      guard let last = label.last, last != Self.hyphen, end < rest.endIndex,
        rest[end] == Self.period
      else { return false }
      let domain = rest[(end + 1)...].prefix(2)
      if domain.count == 2, domain.allSatisfy(\.isASCIILower) { return true }
      start = end + 1
    }
  }

  /// Labels of up to 64 letters and digits of any script, and a domain of 2 to 63 lower-case letters.
  private func isNamedHost(_ host: ArraySlice<UInt32>) -> Bool {
    let labels = host.split(separator: Self.period, omittingEmptySubsequences: false)
    guard labels.count > 1, let domain = labels.last else { return false }
    func isLetter(_ scalar: UInt32) -> Bool {
      scalar.isASCIILetter || scalar.isASCIIDigit || 0xA1...0xFFFF ~= scalar
    }
    return 2...63 ~= domain.count && domain.allSatisfy(rules.lower.contains)
      && labels.dropLast().allSatisfy { label in
        1...64 ~= label.count && isLetter(label[label.startIndex])
          && isLetter(label[label.endIndex - 1])
          && label.allSatisfy { isLetter($0) || $0 == UInt32(ascii: "_") || $0 == Self.hyphen }
      }
  }

  /// Four numbers that are a public address. With the rules of 2018 anything may follow.
  private func isNumericHost(_ host: ArraySlice<UInt32>) -> Bool {
    let parts = host.split(separator: Self.period, maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4 else { return false }
    var numbers: [Int] = []
    for (place, part) in parts.enumerated() {
      if place == 3, rules.edition == .year2018 {
        guard let first = part.first, 0x31...0x39 ~= first else { return false }
        continue
      }
      guard 1...3 ~= part.count, part.allSatisfy(\.isASCIIDigit) else { return false }
      let isInner = place == 1 || place == 2
      // An inner number of two digits may begin with 0.
      guard part[part.startIndex] != 0x30 || isInner && part.count < 3 else { return false }
      let number = part.reduce(0) { $0 * 10 + Int($1 - 0x30) }
      guard number <= [223, 255, 255, 254][place] else { return false }
      numbers.append(number)
    }
    switch (numbers[0], numbers[1]) {
    case (10, _), (127, _), (169, 254), (192, 168), (172, 16...31): return false
    default: return true
    }
  }

  /// True for what may follow a host: a port, and a path, query or fragment.
  private func isTail(_ tail: ArraySlice<UInt32>) -> Bool {
    guard tail.first == UInt32(ascii: ":") else { return tail.first != UInt32(ascii: "@") }
    let port = tail.dropFirst().prefix { $0.isASCIIDigit }
    let rest = tail[port.endIndex...]
    return 2...5 ~= port.count
      && (rest.isEmpty || "/?#".unicodeScalars.contains { $0.value == rest[rest.startIndex] })
  }
}
