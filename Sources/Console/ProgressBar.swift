/// One line that shows the progress of a run.
package struct ProgressBar {
  private let step: Int
  private let steps: Int
  /// Facts shown after the step: loss, speed, time left.
  private let facts: [String]

  /// - Parameters:
  ///   - loss: with its name
  ///   - secondsLeft: until the last of `steps`
  package init(
    step: Int, steps: Int, loss: String, tokensPerSecond: Double, secondsLeft: Double
  ) {
    (self.step, self.steps) = (step, steps)
    facts = [loss, "\(format(tokensPerSecond, 0)) tokens/s", "\(duration(secondsLeft)) left"]
  }

  private static let widest = 24
  private static let narrowest = 8

  /// For a log: all there is to say.
  package var line: String { parts.joined(separator: "  ") }

  private var parts: [String] { ["step \(step)/\(steps)"] + facts }

  /// For a terminal `columns` wide, in whose last column nothing is written: some begin a new line there. The bar gets shorter first; then
  /// what matters less is left out. Every character is one column wide.
  package func text(columns: Int) -> String {
    let room = max(1, columns - 1)
    for kept in [[0, 1, 2, 3], [0, 1, 3], [0, 3], [0]] {
      let text = kept.map { parts[$0] }.joined(separator: "  ")
      let width = min(ProgressBar.widest, room - text.count - 3)
      if width >= ProgressBar.narrowest { return bar(width) + text }
    }
    return String(parts[0].prefix(room))
  }

  private func bar(_ width: Int) -> String {
    let filled = Int(Double(width) * Double(step) / Double(max(1, steps)))
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: ".", count: width - filled) + "] "
  }
}
