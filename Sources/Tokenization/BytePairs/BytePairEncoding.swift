import Words

/// Two neighbouring pieces, as ids.
package struct Pair: Hashable, Sendable {
  var left: Int32
  var right: Int32
}

/// Byte-pair encoding (Sennrich, Haddow & Birch 2016, arXiv:1508.07909) as GPT-1 used it. A word starts as its characters, the last of
/// which carries `</w>`. While a pair of neighbours is in the list of merges, the pair that comes first in the list is merged everywhere in
/// the word.
package struct BytePairEncoding: Sendable {
  let vocabulary: Vocabulary

  /// The merges in the order of their ranks.
  let merges: [Pair]

  private struct Merge: Sendable {
    var rank: Int32
    var result: Int32
  }

  /// The ids of a character inside a word and at its end.
  private struct Symbol: Sendable {
    var within: Int32
    var final: Int32
  }

  private static let unranked = Int32.max

  /// The number of pieces from which a word is merged with a heap.
  private static let longWord = 512

  private let table: [Pair: Merge]
  private let symbols: [UInt32: Symbol]

  /// The id of the line break's word; nil if the vocabulary has none.
  let newlineId: Int32?

  /// Each pair of `merges` makes the concatenation of its parts, which must have an id.
  package init(vocabulary: Vocabulary, merges: [Pair]) {
    self.vocabulary = vocabulary
    self.merges = merges
    let pieces = vocabulary.pieces
    var table: [Pair: Merge] = [:]
    table.reserveCapacity(merges.count)
    for (rank, pair) in merges.enumerated() {
      guard let result = vocabulary.id(of: pieces[Int(pair.left)] + pieces[Int(pair.right)]) else {
        preconditionFailure("a merge without an id")
      }
      table[pair] = Merge(rank: Int32(rank), result: result)
    }
    var symbols: [UInt32: Symbol] = [:]
    for (id, piece) in pieces.enumerated() where !piece.isEmpty {
      let (scalar, length) = piece.span.scalar(at: 0)
      let rest = piece[length...]
      let absent = Symbol(within: vocabulary.unknownId, final: vocabulary.unknownId)
      if rest.isEmpty {
        symbols[scalar, default: absent].within = Int32(id)
      } else if rest.elementsEqual(Vocabulary.endOfWord) {
        symbols[scalar, default: absent].final = Int32(id)
      }
    }
    self.table = table
    self.symbols = symbols
    newlineId = vocabulary.id(of: Vocabulary.newline)
  }

  /// The ids of `word`, which is valid UTF-8 and not empty.
  package func encode(_ word: Span<UInt8>) -> [Int32] {
    if word.count == 1, word[0] == UInt8(ascii: "\n") { return newlineId.map { [$0] } ?? [] }
    var ids: [Int32] = []
    ids.reserveCapacity(word.count)
    var index = 0
    while index < word.count {
      let (scalar, length) = word.scalar(at: index)
      index += length
      let symbol = symbols[scalar]
      let id = index < word.count ? symbol?.within : symbol?.final
      ids.append(id ?? vocabulary.unknownId)
    }
    guard ids.count >= Self.longWord else {
      merge(&ids)
      return ids
    }
    return LongWordMerge.merged(ids) { rank in
      (merges[rank], table[merges[rank]]?.result ?? vocabulary.unknownId)
    } rank: {
      table[$0]?.rank
    }
  }

  /// Calls `body` with each character of `word` that `encode` turns into `<unk>`.
  func forEachUnknown(in word: Span<UInt8>, _ body: (UInt32) -> Void) {
    var index = 0
    while index < word.count {
      let (scalar, length) = word.scalar(at: index)
      index += length
      let symbol = symbols[scalar]
      let id = index < word.count ? symbol?.within : symbol?.final
      if id ?? vocabulary.unknownId == vocabulary.unknownId { body(scalar) }
    }
  }

  /// Merges until no pair of the list is left. Each round reads the ranks of all pairs, but looks up only those of new pairs.
  private func merge(_ ids: inout [Int32]) {
    var ranks = (0..<max(ids.count - 1, 0)).map { rank(ids[$0], ids[$0 + 1]) }
    while let best = ranks.min(), best != Self.unranked {
      let pair = merges[Int(best)]
      guard let result = table[pair]?.result else { return }
      var kept = 0
      var index = 0
      var justMerged = false
      while index < ids.count {
        let merges = index + 1 < ids.count && ranks[index] == best
        let id = merges ? result : ids[index]
        if kept > 0 {
          let isNew = merges || justMerged
          ranks[kept - 1] = isNew ? rank(ids[kept - 1], id) : ranks[index - 1]
        }
        ids[kept] = id
        kept += 1
        index += merges ? 2 : 1
        justMerged = merges
      }
      ids.removeLast(ids.count - kept)
      ranks.removeLast(ranks.count - (kept - 1))
    }
  }

  private func rank(_ left: Int32, _ right: Int32) -> Int32 {
    table[Pair(left: left, right: right)]?.rank ?? Self.unranked
  }
}
