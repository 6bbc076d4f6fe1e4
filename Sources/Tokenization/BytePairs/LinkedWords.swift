/// Long words as linked lists of pieces. The cost of replacing a pair depends on its occurrences, not on the length of words: a line
/// without spaces is a word of a million characters.
struct LinkedWords {
  /// The value of `next` and `previous` at the ends of a word.
  private static let none: Int32 = -1

  // Indexed by the places of all words, end to end. A place whose piece was merged into the one before it holds `none`.
  private var pieces: [Int32] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var wordIndices: [Int32] = []

  private var wordCounts: [Int] = []

  /// The places where a pair begins, or once began.
  private var places: [Pair: [Int32]] = [:]

  /// Adds a word that occurs `count` times, and its pairs to `pairCounts`. Returns false without changes if there is no room for more
  /// places.
  mutating func append(
    _ word: [Int32], count: Int, counting pairCounts: inout [Pair: Int]
  ) -> Bool {
    guard pieces.count + word.count < Int(Int32.max) else { return false }
    let start = Int32(pieces.count)
    let index = Int32(wordCounts.count)
    wordCounts.append(count)
    pieces += word
    for place in start..<start + Int32(word.count) {
      previous.append(place == start ? Self.none : place - 1)
      next.append(place == start + Int32(word.count) - 1 ? Self.none : place + 1)
      wordIndices.append(index)
      guard next[Int(place)] != Self.none else { continue }
      let pair = Pair(left: pieces[Int(place)], right: pieces[Int(place) + 1])
      pairCounts[pair, default: 0] += count
      places[pair, default: []].append(place)
    }
    return true
  }

  /// Replaces every occurrence of `pair` by `result`, from the left, and updates `pairCounts`; adds the pairs that `result` is now part of
  /// to `changed`.
  mutating func replace(
    _ pair: Pair, by result: Int32, counting pairCounts: inout [Pair: Int],
    changed: inout Set<Pair>
  ) {
    guard let found = places.removeValue(forKey: pair) else { return }
    // New pairs were appended after old ones, but in "aaa" the first two must be merged.
    for place in found.sorted() {
      let left = Int(place)
      guard pieces[left] == pair.left, next[left] != Self.none else { continue }
      let right = Int(next[left])
      guard pieces[right] == pair.right else { continue }
      let count = wordCounts[Int(wordIndices[left])]
      let (before, after) = (previous[left], next[right])
      if before != Self.none {
        let neighbour = pieces[Int(before)]
        pairCounts[Pair(left: neighbour, right: pair.left), default: 0] -= count
        let new = Pair(left: neighbour, right: result)
        pairCounts[new, default: 0] += count
        places[new, default: []].append(before)
        changed.insert(new)
      }
      if after != Self.none {
        let neighbour = pieces[Int(after)]
        pairCounts[Pair(left: pair.right, right: neighbour), default: 0] -= count
        let new = Pair(left: result, right: neighbour)
        pairCounts[new, default: 0] += count
        places[new, default: []].append(place)
        changed.insert(new)
        previous[Int(after)] = place
      }
      pieces[left] = result
      pieces[right] = Self.none
      next[left] = after
    }
  }
}
