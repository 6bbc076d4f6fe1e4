import Console

/// A key whose value in the run differs from the current configuration.
package struct SettingChange: Equatable {
  /// Its name.
  package let key: String
  package let rule: ResumeRule
  /// The values as written in YAML.
  package let old, new: String
  /// The values, in words if they mean "none".
  private let oldWords, newWords: String

  init(_ key: any ConfigKey, old: String, new: String) {
    (self.key, self.rule, self.old, self.new) = (key.name, key.info.resumeRule, old, new)
    (oldWords, newWords) = (key.info.words(old), key.info.words(new))
  }

  /// `seed 1, not 4`
  package var refusal: String { "\(key) \(oldWords), not \(newWords)" }

  /// `steps 20 → 40`
  package var report: String { "\(key) \(oldWords) → \(newWords)" }

  /// True if the learning rate of a step depends on the key.
  var shapesLearningRate: Bool {
    let keys = RunConfig.table
    return [
      keys.steps.name, keys.epochs.name, keys.learningRate.name, keys.warmUp.name,
      keys.warmUpFraction.name, keys.schedule.name,
    ].contains(key)
  }

  /// True if the shape of the model depends on the key.
  package var isOfShape: Bool {
    let keys = RunConfig.table
    return [keys.context.name, keys.width.name, keys.layers.name, keys.heads.name].contains(key)
  }
}

extension KeyInfo {
  /// A value as written in YAML; in words if it means "none".
  fileprivate func words(_ value: String) -> String {
    guard let none, value == none.text || value == none.text + ".0" else { return value }
    return none.meaning
  }
}

extension RunConfig {
  /// The keys that apply to this kind of run and have another value in `new`, in the order of their declaration, without free keys.
  ///
  /// - Parameter known: the keys that `self` was written with; nil for all. Newer keys have defaults that nobody chose.
  package func changes(to new: RunConfig, known: Set<String>? = nil) -> [SettingChange] {
    decidingKeys.compactMap { key in
      let (before, after) = (key.text(of: self), key.text(of: new))
      guard key.info.resumeRule != .free, known?.contains(key.name) ?? true, before != after
      else { return nil }
      return SettingChange(key, old: before, new: after)
    }
  }

  /// A sentence about the learning rate of the step after `step`; nil if no change affects it.
  package func learningRateReport(_ changes: [SettingChange], to new: RunConfig, after step: Int)
    -> String?
  {
    guard step > 0, changes.contains(where: \.shapesLearningRate) else { return nil }
    let (before, after) = (rate(ofStep: step), new.rate(ofStep: step + 1))
    return
      "Step \(step + 1)'s learning rate is \(words(after)); step \(step)'s was \(words(before))"
  }

  /// `5.0e-4`
  private func words(_ value: Double) -> String {
    scientific(value).replacing(/e([+-])0/) { "e\($0.1)" }.replacing("e+0", with: "")
  }
}
