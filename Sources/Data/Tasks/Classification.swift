/// The structured input of a classification task: `<s> text <e>`.
enum Classification {
  /// Returns one sequence.
  static func traversals(_ texts: [[Int32]]) -> [Traversal] {
    [Traversal(parts: [.text(texts[0])])]
  }
}
