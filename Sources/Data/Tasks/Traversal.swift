import Tokenization

/// A structured input as an ordered sequence (Radford et al. 2018, §3.3): the parts between its start and end tokens.
struct Traversal {
  enum Part {
    case text([Int32])
    case delimiter
  }

  /// Texts without a delimiter between them are cut separately, so that a long text does not displace its neighbour.
  let parts: [Part]

  /// The sequence `<s>`, parts, `<e>`, and the number of tokens that were cut from the texts so that it fits into `context`.
  ///
  /// Special tokens are always kept. The longest text is shortened first, from its end; of equally long texts, the later one.
  func sequence(_ specials: SpecialTokens, context: Int) -> (tokens: [Int32], cut: Int) {
    let texts = parts.compactMap { part -> Int? in
      if case .text(let tokens) = part { tokens.count } else { nil }
    }
    let all = texts.reduce(0, +)
    let room = context - 2 - (parts.count - texts.count)
    var lengths = Self.lengths(texts, room: room)[...]
    var tokens = [specials.start]
    for part in parts {
      switch part {
      case .text(let text): tokens += text.prefix(lengths.removeFirst())
      case .delimiter: tokens.append(specials.delimiter)
      }
    }
    tokens.append(specials.end)
    return (tokens, max(0, all - room))
  }

  /// The lengths to which texts with `wanted` tokens are cut to fit into `room`: as if, one token at a time, the longest text lost its last
  /// token, and of equally long texts the later one.
  ///
  /// Therefore there is a level: texts up to it stay whole, all others are cut to it, and the first of these get one more token each from
  /// the rest of the room. From the shortest text on, each may use an equal share of the remaining room; if a text needs more, that share
  /// is the level.
  static func lengths(_ wanted: [Int], room: Int) -> [Int] {
    var (left, sharing) = (room, wanted.count)
    for length in wanted.sorted() {
      guard length > left / sharing else {
        left -= length
        sharing -= 1
        continue
      }
      let level = left / sharing
      var extra = left % sharing
      return wanted.map { length in
        guard length > level else { return length }
        extra -= 1
        return extra >= 0 ? level + 1 : level
      }
    }
    return wanted
  }
}

extension Transformation {
  /// The number of texts of an example, without its answers.
  var texts: ClosedRange<Int> {
    switch self {
    case .classification: 1...1
    case .entailment, .similarity: 2...2
    case .multipleChoice: 1...2
    }
  }

  /// The sequences of an example, from the tokens of its texts and answers.
  func traversals(_ texts: [[Int32]], answers: [[Int32]]) -> [Traversal] {
    switch self {
    case .classification: Classification.traversals(texts)
    case .entailment: Entailment.traversals(texts)
    case .similarity: Similarity.traversals(texts)
    case .multipleChoice: MultipleChoice.traversals(texts, answers: answers)
    }
  }
}
