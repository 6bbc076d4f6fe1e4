import Configuration
import Data
import Files
import Storage

/// A run that is to go on from a checkpoint: what it was, and what it is asked to be.
package struct Resumption {
  /// The checkpoint's folder, and what stands in it.
  let folder: String
  let saved: TrainerState
  /// What is asked for now, with what data and model decide.
  let config: RunConfig
  /// Of the data as they are now; see `Workload`.
  let dataFingerprint: String
  let task: String?
  /// The token ids of the data, for which a vocabulary of 0 stands.
  let dataVocabulary: Int

  package init(
    folder: String, saved: TrainerState, config: RunConfig, dataFingerprint: String, task: String?,
    dataVocabulary: Int
  ) {
    (self.folder, self.saved, self.config) = (folder, saved, config)
    (self.dataFingerprint, self.task) = (dataFingerprint, task)
    self.dataVocabulary = dataVocabulary
  }

  /// What is another than in the checkpoint, and may be.
  ///
  /// - Throws: what may not be, all of it in one sentence
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
    // It follows from the other.
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

  /// Configurations that say the same of the vocabulary where it is the same.
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

  /// What is wrong with the model that the run is said to have begun with. One that is not there any more is not needed.
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

  /// A model that is not there, or not whole, is none to compare with, and none that is needed.
  private func hash(_ path: String) -> String? {
    do { return try ModelFolder.hashOfWeights(path) } catch { return nil }
  }
}

extension ModelFolder {
  /// A hash of the weights in `folder`, or in the folder that a run directory stands for; nil where there are none.
  package static func hashOfWeights(_ path: String) throws -> String? {
    guard Path.exists(path) else { return nil }
    let isModel = Path.exists("\(path)/\(weightsName)")
    let folder = isModel ? path : try find(path) { _ in }
    return try XXH128.hash(file: "\(folder)/\(weightsName)")
  }
}
