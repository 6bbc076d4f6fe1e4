/// Byte-pair encoding of a long word in O(n log n) instead of rounds over the whole word.
struct LongWordMerge {
  private static let none: Int32 = -1

  private var ids: [Int32]
  private var next: [Int32]
  private var previous: [Int32]
  /// The rank and place of pairs that are, or were, in the word, lowest on top.
  private var heap = MinimumHeap()

  /// The pieces of `ids` after all merges: repeatedly merges all occurrences of the pair with the lowest rank, from the left.
  ///
  /// - Parameters:
  ///   - pairs: the pair with a rank, and the piece that it makes
  ///   - rank: the rank of a pair, or nil
  static func merged(
    _ ids: [Int32], pairs: (Int) -> (pair: Pair, result: Int32), rank: (Pair) -> Int32?
  ) -> [Int32] {
    var word = LongWordMerge(ids)
    for place in 0..<max(0, ids.count - 1) { word.push(Int32(place), rank) }
    while let lowest = word.heap.least.map({ $0 >> 32 }) {
      var round: [Int32] = []
      while let least = word.heap.least, least >> 32 == lowest {
        word.heap.removeLeast()
        round.append(Int32(truncatingIfNeeded: least))
      }
      let (pair, result) = pairs(Int(lowest))
      for place in round { word.merge(pair, at: Int(place), result, rank) }
    }
    return word.ids.filter { $0 != none }
  }

  private init(_ ids: [Int32]) {
    self.ids = ids
    next = ids.indices.map { $0 + 1 < ids.count ? Int32($0 + 1) : Self.none }
    previous = ids.indices.map { Int32($0 - 1) }
  }

  private mutating func push(_ place: Int32, _ rank: (Pair) -> Int32?) {
    let right = next[Int(place)]
    guard right != Self.none else { return }
    if let rank = rank(Pair(left: ids[Int(place)], right: ids[Int(right)])) {
      heap.insert(UInt64(rank) << 32 | UInt64(place))
    }
  }

  private mutating func merge(
    _ pair: Pair, at left: Int, _ result: Int32, _ rank: (Pair) -> Int32?
  ) {
    // Another merge may have used either piece.
    guard ids[left] == pair.left, next[left] != Self.none else { return }
    let right = Int(next[left])
    guard ids[right] == pair.right else { return }
    ids[left] = result
    ids[right] = Self.none
    next[left] = next[right]
    if next[left] != Self.none { previous[Int(next[left])] = Int32(left) }
    push(Int32(left), rank)
    if previous[left] != Self.none { push(previous[left], rank) }
  }
}

/// A binary heap of numbers with the smallest on top.
struct MinimumHeap {
  private var numbers: [UInt64] = []

  /// The smallest number, or nil.
  var least: UInt64? { numbers.first }

  mutating func insert(_ number: UInt64) {
    numbers.append(number)
    var child = numbers.count - 1
    while child > 0, numbers[child] < numbers[(child - 1) / 2] {
      numbers.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Removes the smallest number; the heap must not be empty.
  mutating func removeLeast() {
    let last = numbers.removeLast()
    guard !numbers.isEmpty else { return }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < numbers.count else { break }
      if child + 1 < numbers.count, numbers[child + 1] < numbers[child] { child += 1 }
      guard numbers[child] < last else { break }
      numbers[parent] = numbers[child]
      parent = child
    }
    numbers[parent] = last
  }
}
