import Files

// The texts of help, errors and docs/CONFIG.md.
extension ConfigKey {
  /// Meaning, choices and default: `How gradients cross the network: fp32 or bf16 (half the bytes). (default: fp32)`
  ///
  /// - Parameters:
  ///   - kind: the kind of run that the text is for; nil for both
  ///   - missing: shown instead of the default
  package func summary(_ kind: RunConfig.Kind?, default missing: String? = nil) -> String {
    let value = missing ?? defaults(kind ?? .pretraining)
    return info.sentence(kind) + (value.map { " (default: \($0))" } ?? "")
  }

  /// The default, and the presets' defaults that differ: `512; mini 128, debug 32`. Nil if there is nothing to show.
  func defaults(_ kind: RunConfig.Kind) -> String? {
    if let told = info.told { return told[kind] }
    if info.isFlag { return nil }
    let presets = RunConfig.Preset.allCases
    let values = presets.map { defaultText($0, kind) }
    let others = zip(presets, values).dropFirst().filter { $0.1 != values[0] }
    if values[0].isEmpty, others.isEmpty { return info.none?.told }
    return values[0]
      + (others.isEmpty
        ? "" : "; " + others.map { "\($0.0.rawValue) \($0.1)" }.joined(separator: ", "))
  }
}

extension KeyInfo {
  /// Meaning and choices.
  func sentence(_ kind: RunConfig.Kind?) -> String {
    var text = help[kind]
    if !isFlag, !choices.isEmpty {
      text += ": " + KeyInfo.list(choices.map { $0 + (meanings[$0].map { " (\($0))" } ?? "") })
    }
    if let none, !none.text.isEmpty { text += "; \(none.text) for \(none.meaning)" }
    return text + "."
  }

  /// `a`, `a or b`, `a, b or c`
  private static func list(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
  }

  /// The end of an error about a text that is not a value: the expected values, and the choice that was probably meant.
  ///
  /// - Parameter text: the text; nil for a list or a mapping
  package func refusal(of text: String?) -> String {
    let meant = text.flatMap { Nearest.name(to: $0, among: choices) }
    return "expected \(expected)" + (meant.map { "; did you mean `\($0)`?" } ?? "")
  }
}
