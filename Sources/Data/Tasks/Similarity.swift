/// The structured input of a similarity task: `<s> a $ b <e>` and `<s> b $ a <e>`, because the two
/// sentences have no order.
enum Similarity {
  /// Returns two sequences, one per order.
  static func traversals(_ texts: [[Int32]]) -> [Traversal] {
    [
      Traversal(parts: [.text(texts[0]), .delimiter, .text(texts[1])]),
      Traversal(parts: [.text(texts[1]), .delimiter, .text(texts[0])]),
    ]
  }
}
