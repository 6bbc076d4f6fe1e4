import Files
import Inference
import Storage

/// The model of a fine-tuning run with the best score on the development split: the folder `best` in the run directory.
public struct BestModel: Sendable, Codable, Equatable {
  /// The model folder, below the present path of the run directory.
  public var folder: String
  /// Steps done.
  public var step: Int
  /// The first of the task's metrics on the development split.
  public var score: MetricValue

  private static let name = "best.json"

  /// The contents of its file: without a path, which would be wrong in a copy of the run.
  private struct Saved: Codable {
    let step: Int
    let score: MetricValue
  }

  private static func folder(_ out: String) -> String { Path.trimmed(out) + "/best" }

  /// A clause that says that the best model that was measured is not in `out`.
  static func lost(_ step: Int, _ score: MetricValue, in out: String) -> String {
    "the model of step \(step), \(score.description), is not in \(folder(out)) (it could not be written, or was removed)"
  }

  /// Reads the best model of the run directory `out`; nil if there is none.
  static func read(_ out: String) throws -> BestModel? {
    let path = "\(folder(out))/\(name)"
    guard Path.exists(path) else { return nil }
    let saved = try JSONFile.read(Saved.self, from: path, choices: FineTunedTask.choices)
    return BestModel(folder: folder(out), step: saved.step, score: saved.score)
  }

  /// Restores a model that a killed process was replacing in `out`; at the beginning of a run, removes the model of an earlier run.
  /// Throws if the model could not be written there, or if the folder holds files that no run wrote.
  static func open(_ out: String, isNew: Bool, _ housekeeping: Housekeeping) throws {
    try FolderCommit.removeLeftovers(in: out, of: Path.name(folder(out)), housekeeping)
    try Destination.requireFolder(folder(out), replacing: true)
    let target = try Path.followed(folder(out))
    if let foreign = try SumsFile.foreign(in: target) {
      throw InputError(
        "holds \(foreign), which is not part of the best model and would be lost when the model is replaced; move it "
          + "elsewhere or choose another --out", path: folder(out))
    }
    if isNew, Path.exists(target) { try FolderCommit.hide(target, housekeeping) }
  }

  /// Writes the weights if their score is better than that of the saved model. The first of equal ones is kept.
  static func keepIfBetter(
    _ score: MetricValue, step: Int, _ session: TrainingSession, _ housekeeping: Housekeeping
  ) throws {
    let out = session.config.out
    if let best = try read(out), !score.isBetter(than: best.score) { return }
    let (workload, state) = (session.workload, session.state)
    let folder = folder(out)
    try FolderCommit.commit(folder, existing: .replaced, housekeeping: housekeeping) { partial in
      var digests = try ModelFolder.write(
        state.weights, state.table, workload.model, tokenizer: workload.tokenizer,
        fineTuning: workload.fineTuning, to: partial)
      digests[name] = try JSONFile.write(
        Saved(step: step, score: score), to: "\(partial)/\(name)")
      try SumsFile.write(in: partial, known: digests)
    }
  }
}
