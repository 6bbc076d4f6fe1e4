/// Learns byte-pair encoding from word counts (Sennrich, Haddow & Birch 2016, arXiv:1508.07909).
///
/// Repeatedly makes the most frequent pair of neighbouring pieces a new piece. Of equally frequent pairs, the greatest wins, comparing the
/// UTF-8 of the left piece, then of the right. This rule is that of subword-nmt's `learn_bpe.py`, as is stopping at pairs that occur once.
/// The cost of a merge depends on the number of changes, not on the length of words. The result depends neither on the order of words nor
/// on hashing.
///
/// Ids have the order of GPT-1's published vocabulary: `<unk>`, every character seen, every character with `</w>` (both by code point), the
/// results of merges in the order of learning, and the line break `\n</w>` last. So the order of ids is the order of ranks, and frequent
/// pieces have low ids.
package struct BytePairLearner {
  /// Learns at most `wanted` merges; fewer if no pair occurs twice any more.
  ///
  /// - Parameters:
  ///   - longWord: the number of pieces from which a word is stored as a linked list
  ///   - progress: called every few seconds
  package static func learn(
    merges wanted: Int, from counts: WordCounts, longWord: Int = 64,
    progress: (String) -> Void = { _ in }
  ) -> BytePairEncoding {
    var learner = BytePairLearner(counts, longWord: longWord)
    let clock = ContinuousClock()
    var told = clock.now
    while learner.merges.count < wanted, let pair = learner.mostFrequent() {
      learner.merge(pair)
      if clock.now - told > .seconds(3) {
        told = clock.now
        progress("learned \(learner.merges.count) of \(wanted) merges")
      }
    }
    var pieces = learner.pieces
    pieces.append(Vocabulary.newline)
    guard let vocabulary = Vocabulary(pieces) else { preconditionFailure("a piece learned twice") }
    return BytePairEncoding(vocabulary: vocabulary, merges: learner.merges)
  }

  private struct Candidate {
    var pair: Pair
    package var count: Int
  }

  private var pieces: [[UInt8]]
  private var ids: [[UInt8]: Int32] = [:]
  private var merges: [Pair] = []
  private var listed: Set<Pair> = []

  private var words: [[Int32]] = []
  private var wordCounts: [Int] = []

  private var pairCounts: [Pair: Int] = [:]
  private var places: [Pair: Set<Int32>] = [:]  // words that have, or had, the pair
  private var linked = LinkedWords()  // the long words; they are not in `words`
  private var heap: [Candidate] = []  // at least one candidate per pair, none below its count

  private init(_ counts: WordCounts, longWord: Int) {
    let all = counts.all.filter { $0.word != [UInt8(ascii: "\n")] }
    let texts = all.map { String(decoding: $0.word, as: UTF8.self).unicodeScalars.map(\.value) }
    let characters = Set(texts.joined()).sorted().compactMap(Unicode.Scalar.init)
    let bytes = characters.map { Array(String($0).utf8) }
    pieces = [Vocabulary.unknown] + bytes + bytes.map { $0 + Vocabulary.endOfWord }
    for (id, piece) in pieces.enumerated() { ids[piece] = Int32(id) }
    let within = Dictionary(
      uniqueKeysWithValues: characters.enumerated().map { ($1.value, Int32($0 + 1)) })
    for (text, entry) in zip(texts, all) {
      var word = text.compactMap { within[$0] }
      word[word.count - 1] += Int32(characters.count)
      if word.count >= longWord, linked.append(word, count: entry.count, counting: &pairCounts) {
        continue
      }
      words.append(word)
      wordCounts.append(entry.count)
    }
    for (index, word) in words.enumerated() {
      for pair in Self.pairs(of: word) {
        pairCounts[pair, default: 0] += wordCounts[index]
        places[pair, default: []].insert(Int32(index))
      }
    }
    for (pair, count) in pairCounts { push(Candidate(pair: pair, count: count)) }
  }

  private static func pairs(of word: [Int32]) -> [Pair] {
    zip(word, word.dropFirst()).map { Pair(left: $0, right: $1) }
  }

  /// The pair to merge next; nil if no pair occurs twice. A candidate whose count has fallen is pushed again with the right count.
  private mutating func mostFrequent() -> Pair? {
    while let candidate = pop() {
      let count = pairCounts[candidate.pair] ?? 0
      if count == candidate.count { return count < 2 ? nil : candidate.pair }
      if count > 0 { push(Candidate(pair: candidate.pair, count: count)) }
    }
    return nil
  }

  private mutating func merge(_ pair: Pair) {
    let piece = pieces[Int(pair.left)] + pieces[Int(pair.right)]
    // "a"+"bc" and "ab"+"c" spell the same piece: it keeps its id.
    let result = ids[piece] ?? Int32(pieces.count)
    if Int(result) == pieces.count {
      pieces.append(piece)
      ids[piece] = result
    }
    // Another spelling can recreate a pair that was merged before: it is merged again, but listed once.
    if listed.insert(pair).inserted { merges.append(pair) }
    var changed: Set<Pair> = []
    for index in places.removeValue(forKey: pair) ?? [] {
      let old = words[Int(index)]
      let new = Self.replacing(pair, by: result, in: old)
      guard new.count < old.count else { continue }
      let count = wordCounts[Int(index)]
      for pair in Self.pairs(of: old) { pairCounts[pair, default: 0] -= count }
      for pair in Self.pairs(of: new) {
        pairCounts[pair, default: 0] += count
        if pair.left == result || pair.right == result {
          places[pair, default: []].insert(index)
          changed.insert(pair)
        }
      }
      words[Int(index)] = new
    }
    linked.replace(pair, by: result, counting: &pairCounts, changed: &changed)
    pairCounts[pair] = nil
    for pair in changed {
      if let count = pairCounts[pair] { push(Candidate(pair: pair, count: count)) }
    }
  }

  private static func replacing(_ pair: Pair, by result: Int32, in word: [Int32]) -> [Int32] {
    var new: [Int32] = []
    var index = 0
    while index < word.count {
      let merges =
        index + 1 < word.count && word[index] == pair.left && word[index + 1] == pair.right
      new.append(merges ? result : word[index])
      index += merges ? 2 : 1
    }
    return new
  }
}

// The heap, with the greatest candidate on top.
extension BytePairLearner {
  private func isGreater(_ a: Candidate, _ b: Candidate) -> Bool {
    if a.count != b.count { return a.count > b.count }
    if a.pair.left != b.pair.left { return precedes(b.pair.left, a.pair.left) }
    return precedes(b.pair.right, a.pair.right)
  }

  private func precedes(_ a: Int32, _ b: Int32) -> Bool {
    pieces[Int(a)].lexicographicallyPrecedes(pieces[Int(b)])
  }

  private mutating func push(_ candidate: Candidate) {
    heap.append(candidate)
    var child = heap.count - 1
    while child > 0, isGreater(heap[child], heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() -> Candidate? {
    guard let top = heap.first, let last = heap.popLast() else { return nil }
    if heap.isEmpty { return top }
    heap[0] = last
    var parent = 0
    while 2 * parent + 1 < heap.count {
      var child = 2 * parent + 1
      if child + 1 < heap.count, isGreater(heap[child + 1], heap[child]) { child += 1 }
      guard isGreater(heap[child], heap[parent]) else { break }
      heap.swapAt(child, parent)
      parent = child
    }
    return top
  }
}
