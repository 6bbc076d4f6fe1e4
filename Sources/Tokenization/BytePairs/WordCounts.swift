import Words

/// The number of occurrences of each word in a text; the counts of several texts can be added.
package struct WordCounts {
  private var short: [ShortWord: Int] = [:]
  private var long: [[UInt8]: Int] = [:]
  private var splitter = WordSplitter()

  /// Creates counts without words.
  package init() {}

  /// Adds one occurrence of `word`.
  package mutating func add(_ word: Span<UInt8>) {
    if let key = ShortWord(word) {
      short[key, default: 0] += 1
    } else {
      long[word.array(), default: 0] += 1
    }
  }

  /// Counts the words of `text`, which is valid UTF-8 and not yet standardised.
  package mutating func add(text: Span<UInt8>) {
    let standard = Standardise.standardise(text)
    var words = WordList()
    splitter.split(standard.span, into: &words)
    words.forEach { add($0) }
  }

  /// Adds the counts of `other`.
  package mutating func add(_ other: WordCounts) {
    short.merge(other.short, uniquingKeysWith: +)
    long.merge(other.long, uniquingKeysWith: +)
  }

  /// All words with their counts, in unspecified order.
  package var all: [(word: [UInt8], count: Int)] {
    short.map { ($0.key.bytes, $0.value) } + long.map { ($0.key, $0.value) }
  }
}
