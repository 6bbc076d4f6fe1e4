/// `<s> a $ b <e>` and `<s> b $ a <e>`: two sentences that are compared have no order.
enum Similarity {
  /// Two sequences, both orders.
  static func traversals(_ texts: [[Int32]]) -> [Traversal] {
    [
      Traversal(parts: [.text(texts[0]), .delimiter, .text(texts[1])]),
      Traversal(parts: [.text(texts[1]), .delimiter, .text(texts[0])]),
    ]
  }
}
