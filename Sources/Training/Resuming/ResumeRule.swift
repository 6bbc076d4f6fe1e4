/// What may become of a configuration's key when a run goes on from a checkpoint.
package enum ResumeRule: Sendable {
  /// It decides on the model, the data or what is minimised: another value is refused.
  case mustMatch
  /// It may change on the way, which is reported; a finished run was made with what it was made with, and refuses another value.
  case mayChange
  /// It changes no figure of the run; or it is a path, of which the content is compared instead.
  case free
}

extension RunConfig.CodingKeys {
  /// The decision on every key, without a default: a new key does not compile before there is one.
  package var resumeRule: ResumeRule {
    switch self {
    case .vocabulary, .context, .width, .layers, .heads, .initializerRange, .dropout, .batch, .seed,
      .examples, .lmCoefficient, .classifierDropout, .fromScratch, .transferLayers:
      .mustMatch
    case .steps, .epochs, .learningRate, .warmUp, .warmUpFraction, .schedule, .weightDecay, .clip,
      .microBatch, .precision, .reduce, .wire, .anomaly, .spikeThreshold, .evaluateSequences,
      .evaluateTasks:
      .mayChange
    case .data, .out, .from, .task, .tokenizer, .tasksData, .resume, .recompute, .threads,
      .checkpointEvery, .keep, .keepEvery, .onCheckpointFailure, .evaluateEvery, .stallTimeout,
      .debug:
      .free
    }
  }

  /// Whether it is one of those that the learning rate of a step follows from.
  var shapesLearningRate: Bool {
    switch self {
    case .steps, .epochs, .learningRate, .warmUp, .warmUpFraction, .schedule: true
    default: false
    }
  }

  /// A value as it stands in the YAML, in words where it is a code.
  func words(_ value: String) -> String {
    switch (self, value) {
    case (.vocabulary, "0"): "that of the data"
    case (.examples, "0"), (.evaluateSequences, "0"), (.transferLayers, "-1"): "all"
    case (.evaluateTasks, ""): "none"
    default: value
    }
  }
}

/// A key of which a run has another value than it is asked for now.
package struct SettingChange: Equatable {
  package let key: RunConfig.CodingKeys
  /// As they stand in the YAML.
  package let old, new: String

  /// `seed 1, not 4`
  var refusal: String { "\(key.rawValue) \(key.words(old)), not \(key.words(new))" }

  /// `steps 20 → 40`
  var report: String { "\(key.rawValue) \(key.words(old)) → \(key.words(new))" }
}

extension RunConfig {
  /// The keys of which both have a meaning and another value, in their order, except those that are free.
  ///
  /// - Parameter known: the keys that `self` was written with; nil for all. Younger ones have values that nobody chose.
  package func changes(to new: RunConfig, known: Set<String>? = nil) throws -> [SettingChange] {
    let (before, after) = (try scalars, try new.scalars)
    return decidingKeys.compactMap { key in
      guard key.resumeRule != .free, known?.contains(key.rawValue) ?? true,
        let old = before[key], let new = after[key], old != new
      else { return nil }
      return SettingChange(key: key, old: old, new: new)
    }
  }

  /// What changed settings do to the learning rate of the step after `step`; nil where none of them bears on it.
  package func learningRateReport(_ changes: [SettingChange], to new: RunConfig, after step: Int)
    -> String?
  {
    guard step > 0, changes.contains(where: \.key.shapesLearningRate) else { return nil }
    let (before, after) = (learningRate(ofStep: step), new.learningRate(ofStep: step + 1))
    return "Step \(step + 1)'s learning rate is \(rate(after)); step \(step)'s was \(rate(before))"
  }

  /// `5.0e-4`
  private func rate(_ value: Double) -> String {
    scientific(value).replacing(/e([+-])0/) { "e\($0.1)" }.replacing("e+0", with: "")
  }

  /// The rate of the optimizer's update `step`, from 1.
  func learningRate(ofStep step: Int) -> Double {
    learningRate * schedule.factor(update: step, updates: steps, warmUp: warmUp)
  }
}
