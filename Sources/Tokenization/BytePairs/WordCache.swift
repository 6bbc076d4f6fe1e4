/// Up to 15 bytes of a word and their number, in two machine words: a dictionary key for nearly
/// every English word that allocates no memory.
struct ShortWord: Hashable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  /// Creates a key for `bytes`; nil if the word is longer.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count < 16 else { return nil }
    for index in 0..<min(bytes.count, 8) { low |= UInt64(bytes[index]) << UInt64(8 * index) }
    if bytes.count > 8 {
      for index in 8..<bytes.count { high |= UInt64(bytes[index]) << UInt64(8 * (index - 8)) }
    }
    high |= UInt64(bytes.count) << 56
  }

  /// The bytes of the word.
  var bytes: [UInt8] {
    (0..<Int(high >> 56)).map {
      UInt8(truncatingIfNeeded: ($0 < 8 ? low : high) >> UInt64(8 * ($0 & 7)))
    }
  }
}

/// The ids of the short words seen so far. The number of words is limited: when it is full, the
/// cache is cleared.
struct WordCache {
  private var entries: [ShortWord: Range<Int32>] = [:]
  private var ids: [Int32] = []
  private let limit: Int

  /// A cache for up to `limit` words.
  init(limit: Int) { self.limit = limit }

  /// Appends the ids of `word` to `output`; a word that was not seen before is encoded with
  /// `encoding`.
  mutating func append(
    _ word: Span<UInt8>, by encoding: BytePairEncoding, to output: inout [Int32]
  ) {
    guard let key = ShortWord(word) else {
      output.append(contentsOf: encoding.encode(word))
      return
    }
    if let range = entries[key] {
      for index in range { output.append(ids[Int(index)]) }
      return
    }
    let found = encoding.encode(word)
    output.append(contentsOf: found)
    if entries.count == limit {
      entries.removeAll(keepingCapacity: true)
      ids.removeAll(keepingCapacity: true)
    }
    entries[key] = Int32(ids.count)..<Int32(ids.count + found.count)
    ids.append(contentsOf: found)
  }
}
