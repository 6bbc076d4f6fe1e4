/// `<s> context question $ answer <e>`: the paper's [z; q; $; aₖ], without the question where there is none.
enum MultipleChoice {
  /// A sequence for each answer.
  static func traversals(_ texts: [[Int32]], answers: [[Int32]]) -> [Traversal] {
    answers.map { Traversal(parts: texts.map { .text($0) } + [.delimiter, .text($0)]) }
  }
}
