/// The structured input of an entailment task: `<s> premise $ hypothesis <e>`.
enum Entailment {
  /// Returns one sequence.
  static func traversals(_ texts: [[Int32]]) -> [Traversal] {
    [Traversal(parts: [.text(texts[0]), .delimiter, .text(texts[1])])]
  }
}
