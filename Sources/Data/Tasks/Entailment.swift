/// `<s> premise $ hypothesis <e>`
enum Entailment {
  /// One sequence.
  static func traversals(_ texts: [[Int32]]) -> [Traversal] {
    [Traversal(parts: [.text(texts[0]), .delimiter, .text(texts[1])])]
  }
}
