import Files
import Inference
import Storage

/// The model of a fine-tuning that did best on the development split: the folder `best` in the run directory.
public struct BestModel: Sendable, Codable, Equatable {
  /// A model folder, by the run directory's path as it is now.
  public var folder: String
  /// Updates done.
  public var step: Int
  /// On the development split, the first of the task's metrics.
  public var score: MetricValue

  private static let name = "best.json"

  /// What stands in its file: no path, which would be another run's in a copy.
  private struct Saved: Codable {
    let step: Int
    let score: MetricValue
  }

  private static func folder(_ out: String) -> String { Path.trimmed(out) + "/best" }

  /// A sentence on the best model that was measured, where it is not in `out`.
  static func lost(_ step: Int, _ score: MetricValue, in out: String) -> String {
    "the model of step \(step), \(score.description), is not in \(folder(out)) (it could not be written, or was removed)"
  }

  /// That of the run directory `out`; nil where there is none.
  static func read(_ out: String) throws -> BestModel? {
    let path = "\(folder(out))/\(name)"
    guard Path.exists(path) else { return nil }
    let saved = try JSONFile.read(Saved.self, from: path, choices: FineTunedTask.choices)
    return BestModel(folder: folder(out), step: saved.step, score: saved.score)
  }

  /// Puts back what a killed process was replacing in `out`, or, where a run begins, removes what an earlier one left there. Refuses
  /// a place that the model could not be written to, or that holds what no run wrote.
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

  /// Writes the weights where they are better than those there. Of equal ones the first stays.
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
