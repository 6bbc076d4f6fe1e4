/// The structured input of multiple choice: `<s> context question $ answer <e>`, the paper's [z; q; $; aₖ]; the question is optional.
enum MultipleChoice {
  /// Returns one sequence per answer.
  static func traversals(_ texts: [[Int32]], answers: [[Int32]]) -> [Traversal] {
    answers.map { Traversal(parts: texts.map { .text($0) } + [.delimiter, .text($0)]) }
  }
}
