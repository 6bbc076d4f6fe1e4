/// `<s> text <e>`
enum Classification {
  /// One sequence.
  static func traversals(_ texts: [[Int32]]) -> [Traversal] {
    [Traversal(parts: [.text(texts[0])])]
  }
}
