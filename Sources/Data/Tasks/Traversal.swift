import Tokenization

/// A structured input as an ordered sequence (Radford et al. 2018, §3.3): what stands between its start and its end.
struct Traversal {
  enum Part {
    case text([Int32])
    case delimiter
  }

  /// Texts that follow each other without a delimiter are cut as two: a long one does not take its neighbour's place.
  let parts: [Part]

  /// `<s>`, the parts, `<e>`, and how many tokens of texts were cut so that all fit into `context`.
  ///
  /// Special tokens always stay. The longest text is shortened first, from its end, and of equally long ones the later.
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

  /// What is left of texts with `wanted` tokens where there is room for `room`: as if, token by token, the longest lost its last one
  /// and of equally long ones the later.
  ///
  /// So there is a level: texts up to it stay whole, all others are cut to it, and what then remains of the room gives the first of
  /// these one token more. From the shortest text on, each takes its share of the room at most; where one wants more, that is the level.
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
  /// How many texts an example has, beside answers.
  var texts: ClosedRange<Int> {
    switch self {
    case .classification: 1...1
    case .entailment, .similarity: 2...2
    case .multipleChoice: 1...2
    }
  }

  /// The sequences of an example, by its tokens.
  func traversals(_ texts: [[Int32]], answers: [[Int32]]) -> [Traversal] {
    switch self {
    case .classification: Classification.traversals(texts)
    case .entailment: Entailment.traversals(texts)
    case .similarity: Similarity.traversals(texts)
    case .multipleChoice: MultipleChoice.traversals(texts, answers: answers)
    }
  }
}
