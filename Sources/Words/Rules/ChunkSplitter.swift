/// spaCy's algorithm: how a chunk without white space becomes words (spacy/tokenizer.pyx, MIT licence, © ExplosionAI GmbH). The words of a
/// chunk depend on the chunk alone, and they are its parts in order.
struct ChunkSplitter: Sendable {
  let rules: RuleSet

  /// The exceptions that the affix rules would split, with the lengths of the words into which they would; empty with the rules of 2018.
  private var splitExceptions: [[UInt32]: [Int]] = [:]
  /// The first characters of `splitExceptions`.
  private var splitBeginnings: Set<UInt32> = []

  init(_ rules: RuleSet) {
    self.rules = rules
    // From version 2.3 on, spaCy puts exceptions together again whose words the other rules made.
    guard rules.edition == .current else { return }
    for exception in rules.exceptions.keys {
      let text = exception[...]
      if rules.prefixLength(text) > 0 || rules.suffixLength(text) > 0
        || !rules.infixes(text).isEmpty
      {
        splitExceptions[exception] = parts(of: text, withExceptions: false).map(\.count)
        splitBeginnings.insert(exception[0])
      }
    }
  }

  /// The words of `chunk`.
  func words(_ chunk: [UInt32]) -> [Range<Int>] {
    // Most chunks; without a sign or a digit only the exceptions part them.
    if chunk.allSatisfy(\.isASCIILetter) {
      let whole = 0..<chunk.count
      return rules.exception(chunk[...]).map { Self.ranges($0, from: 0) } ?? [whole]
    }
    let words = parts(of: chunk[...], withExceptions: true)
    return rules.edition == .current ? joinedExceptions(chunk, words) : words
  }

  private func parts(of chunk: ArraySlice<UInt32>, withExceptions: Bool) -> [Range<Int>] {
    func exception(_ text: ArraySlice<UInt32>) -> [Range<Int>]? {
      guard withExceptions, let lengths = rules.exception(text) else { return nil }
      return Self.ranges(lengths, from: text.startIndex)
    }
    if let words = exception(chunk) { return words }
    var (prefixes, suffixes): ([Range<Int>], [Range<Int>]) = ([], [])
    var text = chunk
    while !text.isEmpty {
      if rules.edition == .year2018, WebAddress.matches(text, by: rules) { break }
      let prefix = rules.prefixLength(text)
      let afterPrefix = text.dropFirst(prefix)
      if prefix > 0, exception(afterPrefix) != nil {
        prefixes.append(text.startIndex..<afterPrefix.startIndex)
        text = afterPrefix
        break
      }
      let suffix = rules.suffixLength(rules.edition == .year2018 ? text : afterPrefix)
      let beforeSuffix = text.dropLast(suffix)
      if suffix > 0, exception(beforeSuffix) != nil {
        suffixes.append(beforeSuffix.endIndex..<text.endIndex)
        text = beforeSuffix
        break
      }
      if prefix == 0, suffix == 0 { break }
      let isBoth = prefix + suffix <= text.count
      if prefix > 0 { prefixes.append(text.startIndex..<afterPrefix.startIndex) }
      if suffix > 0, isBoth || prefix == 0 {
        suffixes.append(beforeSuffix.endIndex..<text.endIndex)
        text = beforeSuffix
      }
      text = text.dropFirst(prefix)
      if exception(text) != nil { break }
    }
    let middle = text.isEmpty ? [] : exception(text) ?? middle(text)
    return prefixes + middle + suffixes.reversed()
  }

  /// The words of `text`, which has no prefix, no suffix and is no exception.
  private func middle(_ text: ArraySlice<UInt32>) -> [Range<Int>] {
    if WebAddress.matches(text, by: rules) { return [text.startIndex..<text.endIndex] }
    var words: [Range<Int>] = []
    var start = text.startIndex
    for infix in rules.infixes(text) {
      if start < infix.lowerBound { words.append(start..<infix.lowerBound) }
      words.append(infix)
      start = infix.upperBound
    }
    if start < text.endIndex { words.append(start..<text.endIndex) }
    return words
  }

  /// Replaces words that are together an exception by the exception's words; of exceptions that overlap, the one of most words, then the
  /// first.
  private func joinedExceptions(_ chunk: [UInt32], _ words: [Range<Int>]) -> [Range<Int>] {
    guard words.count > 1 else { return words }
    var found: [(words: Range<Int>, lengths: [Int])] = []
    for first in words.indices where splitBeginnings.contains(chunk[words[first].lowerBound]) {
      for last in first..<words.count {
        let text = chunk[words[first].lowerBound..<words[last].upperBound]
        guard text.count <= rules.longestException else { break }
        let key = Array(text)
        if splitExceptions[key] == words[first...last].map(\.count),
          let lengths = rules.exceptions[key]
        {
          found.append((first..<last + 1, lengths))
        }
      }
    }
    guard !found.isEmpty else { return words }
    found.sort { ($1.words.count, $0.words.lowerBound) < ($0.words.count, $1.words.lowerBound) }
    var replacement: [Int: (words: Range<Int>, lengths: [Int])] = [:]
    var seen: Set<Int> = []
    for match in found {
      if !seen.contains(match.words.lowerBound), !seen.contains(match.words.upperBound - 1) {
        replacement[match.words.lowerBound] = match
      }
      seen.formUnion(match.words)
    }
    var joined: [Range<Int>] = []
    var place = 0
    while place < words.count {
      if let match = replacement[place] {
        joined += Self.ranges(match.lengths, from: words[place].lowerBound)
        place = match.words.upperBound
      } else {
        joined.append(words[place])
        place += 1
      }
    }
    return joined
  }

  private static func ranges(_ lengths: [Int], from start: Int) -> [Range<Int>] {
    var end = start
    return lengths.map { length in
      defer { end += length }
      return end..<end + length
    }
  }
}
