import Configuration
import Data
import Files
import Storage

/// A run that is to resume from a checkpoint: its saved state and the requested configuration.
package struct Resumption {
  /// The checkpoint's folder, and its `trainer.json`.
  let folder: String
  let saved: TrainerState
  /// The requested configuration, completed from the data and the model.
  let config: RunConfig
  /// The fingerprint of the present data; see `Workload`.
  let dataFingerprint: String
  let task: String?
  /// The number of token ids of the data, which a vocabulary of 0 means.
  let dataVocabulary: Int

  package init(
    folder: String, saved: TrainerState, config: RunConfig, dataFingerprint: String, task: String?,
    dataVocabulary: Int
  ) {
    (self.folder, self.saved, self.config) = (folder, saved, config)
    (self.dataFingerprint, self.task) = (dataFingerprint, task)
    self.dataVocabulary = dataVocabulary
  }

  /// The allowed changes relative to the checkpoint.
  ///
  /// - Throws: an InputError with all changes that are not allowed
  package func changes() throws -> [SettingChange] {
    guard saved.config.isFineTuning == config.isFineTuning else {
      func kind(_ isFineTuning: Bool, _ task: String?) -> String {
        isFineTuning ? "fine-tuning\(task.map { " on \($0)" } ?? "")" : "pre-training"
      }
      throw InputError(
        "was written by \(kind(saved.config.isFineTuning, saved.task)), not by \(kind(config.isFineTuning, task)): "
          + "give another --out", path: folder)
    }
    var all = before.changes(to: after, known: saved.knownKeys)
    // transfer-layers follows from from-scratch.
    if all.contains(where: { $0.key == RunConfig.table.fromScratch.name }) {
      all.removeAll { $0.key == RunConfig.table.transferLayers.name }
    }
    try refuse(all.filter { $0.rule == .mustMatch })
    if saved.step > config.steps {
      throw InputError(
        "is already at step \(saved.step), beyond the \(config.steps) steps requested: give more steps, or another --out",
        path: folder
      )
    }
    let changes = all.filter { $0.rule == .mayChange }
    if saved.step == config.steps, !changes.isEmpty {
      throw InputError(
        "already has the \(config.steps) steps requested, but was trained with "
          + changes.map(\.refusal).joined(separator: ", ")
          + ": run it with those settings, or give another --out", path: folder)
    }
    return changes
  }

  private func refuse(_ changes: [SettingChange]) throws {
    var reasons: [String] = []
    if !changes.isEmpty {
      let preset =
        changes.contains(where: \.isOfShape)
        ? RunConfig.Preset.allCases.first { preset in
          let values = preset.config(config.isFineTuning ? .fineTuning : .pretraining).scalars
          return changes.allSatisfy { values[$0.key] == $0.old }
        } : nil
      reasons.append(
        "was trained with " + changes.map(\.refusal).joined(separator: ", ")
          + (preset.map { " (--preset \($0.rawValue))" } ?? ""))
    }
    if let was = saved.task, let now = task, was != now {
      reasons.append("was trained with the task \(was), not \(now)")
    }
    if dataFingerprint != saved.dataFingerprint {
      reasons.append("was trained on data that differ from those now in \(config.data)")
    }
    if let reason = originProblem { reasons.append(reason) }
    guard !reasons.isEmpty else { return }
    let way =
      reasons.count == 1 && dataFingerprint != saved.dataFingerprint
      ? "restore the data" : "resume with the same settings, data and model"
    throw InputError(
      reasons.joined(separator: "; ") + ": \(way), or give another --out", path: folder)
  }

  /// The saved and the requested configuration, with the same `vocabulary` if both mean that of the data.
  private var before: RunConfig { withVocabulary(saved.config) }
  private var after: RunConfig { withVocabulary(config) }

  private func withVocabulary(_ config: RunConfig) -> RunConfig {
    var config = config
    let isSame =
      dataFingerprint == saved.dataFingerprint
      && (saved.config.vocabulary == nil || self.config.vocabulary == nil)
      && [nil, dataVocabulary].contains(saved.config.vocabulary)
      && [nil, dataVocabulary].contains(self.config.vocabulary)
    if isSame { config.vocabulary = dataVocabulary }
    return config
  }

  /// The problem with the requested initial model; nil if it is the run's. A model that does not exist any more is not needed.
  private var originProblem: String? {
    switch (saved.config.origin, config.origin) {
    case (nil, nil): return nil
    case (let was?, nil): return "began with the weights of \(was), not with random ones"
    case (nil, let now?): return "began with random weights, not with those of \(now)"
    case (let was?, let now?):
      guard let given = hash(now) else { return nil }
      let began = saved.origin ?? (was == now ? given : hash(was))
      guard let began, began != given else { return nil }
      return was == now
        ? "began with weights other than those that \(now) now has"
        : "began with the weights of \(was), which are not those of \(now)"
    }
  }

  /// The hash of a model's weights; nil for a missing or incomplete model, which is not needed and cannot be compared.
  private func hash(_ path: String) -> String? {
    do { return try ModelFolder.hashOfWeights(path) } catch { return nil }
  }
}

extension ModelFolder {
  /// The hash of the weights in a model folder, or in the best or newest model of a run directory; nil if the path does not exist.
  package static func hashOfWeights(_ path: String) throws -> String? {
    guard Path.exists(path) else { return nil }
    let isModel = Path.exists("\(path)/\(weightsName)")
    let folder = isModel ? path : try find(path) { _ in }
    return try XXH128.hash(file: "\(folder)/\(weightsName)")
  }
}
