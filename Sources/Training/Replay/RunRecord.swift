import Files
import Foundation

/// What a run left in its folder, as far as its steps can be computed again from it. Nothing is written there.
struct RunRecord {
  /// The folder.
  let folder: String
  /// How the step was configured, as far as is known: see `init`.
  let config: RunConfig
  /// How the steps before it were configured, where that is known: those after some step, in their order.
  let earlierConfigs: [(after: Int, config: RunConfig)]
  /// Whether `config` has the steps and warm-up of a fine-tuning, which else follow from its examples.
  let knowsSteps: Bool
  /// The steps' lines of `metrics.jsonl`.
  let metrics: [Int: RunLog.StepMetrics]
  /// The steps whose updates were not applied; they are not in `metrics`.
  let skippedSteps: [Int]
  /// Newest first, not verified.
  let checkpoints: [Checkpoint]

  /// The record of the run in `folder` for computing `step` again.
  ///
  /// A run may have been started again with another number of steps or learning rate: `config.yaml` is of its beginning, and lines of
  /// `metrics.jsonl` say what was changed and when. Of runs of older programs, which have no such lines, the first checkpoint from
  /// `step` on says how it was configured; where there is none, `config.yaml` has to do, which is then of the last start.
  init(_ folder: String, step: Int) throws {
    let folder = Path.trimmed(folder)
    let yaml = "\(folder)/config.yaml"
    guard Path.exists(yaml) else {
      throw InputError(
        "there is no such run: expected a folder with config.yaml and metrics.jsonl, as `pretrain "
          + "--out` writes it",
        path: folder)
    }
    self.folder = folder
    let settings: [RunLog.Settings]
    let log = "\(folder)/metrics.jsonl"
    (metrics, skippedSteps, settings) = try RunRecord.metrics(log)
    guard !skippedSteps.contains(step) else {
      throw UsageError(
        "the update of step \(step) was not applied in \(folder): there is nothing to recompute; give another --step"
      )
    }
    guard let last = metrics.keys.max() else {
      throw InputError("has no steps to recompute", path: "\(folder)/metrics.jsonl")
    }
    guard metrics[step] != nil else {
      throw UsageError(
        step > last
          ? "\(folder) has \(last) steps: give a --step from 1 to \(last)"
          : "\(folder)/metrics.jsonl has no line for step \(step)")
    }
    checkpoints = try CheckpointStore("\(folder)/checkpoints").candidates()
    let began = try RunConfig.read(run: yaml)
    let known = settings.filter { $0.step < step }
    earlierConfigs = try known.map { ($0.step, try began.with($0.settings, path: log)) }
    if let inForce = earlierConfigs.last {
      (config, knowsSteps) = (inForce.config, true)
    } else if let after = checkpoints.last(where: { $0.step >= step }),
      let state = try? TrainerState.read(after.folder)
    {
      (config, knowsSteps) = (state.config, true)
    } else {
      (config, knowsSteps) = (began, false)
    }
  }

  /// The newest checkpoint before `step` that verifies; nil where there is none.
  ///
  /// - Parameter report: called with a sentence for every file at fault in those that are passed over
  func checkpoint(before step: Int, report: (String) -> Void) -> Checkpoint? {
    for checkpoint in checkpoints where checkpoint.step < step {
      let problems = checkpoint.verify()
      if problems.isEmpty { return checkpoint }
      for problem in problems {
        report("\(problem); the checkpoint of step \(checkpoint.step) is skipped")
      }
    }
    return nil
  }

  /// The updates in `metrics.jsonl`, by step. What a killed run left of its last line is not one.
  private static func metrics(
    _ path: String
  ) throws -> (applied: [Int: RunLog.StepMetrics], skipped: [Int], settings: [RunLog.Settings]) {
    struct Kind: Decodable {
      let step: Int
      let loss: Double?
      let skipped: Bool?
      let settings: [String: String]?
    }
    let reader = try FileReader(path)
    let text = String(
      decoding: try reader.read(UInt8.self, at: 0, count: reader.size), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var result: [Int: RunLog.StepMetrics] = [:]
    var skipped: [Int] = []
    var settings: [RunLog.Settings] = []
    for (number, line) in zip(1..., lines) where !line.isEmpty {
      let data = Data(line.utf8)
      do {
        let kind = try JSONDecoder().decode(Kind.self, from: data)
        if kind.skipped == true { skipped.append(kind.step) }
        if let found = kind.settings { settings.append(.init(step: kind.step, settings: found)) }
        guard kind.loss != nil, kind.skipped != true else { continue }
        let step = try JSONDecoder().decode(RunLog.StepMetrics.self, from: data)
        result[step.step] = step
      } catch {
        if number == lines.count { continue }
        throw InputError(
          "is not a line that `pretrain` writes: remove it or restore the file", path: path,
          line: number)
      }
    }
    return (result, skipped, settings)
  }
}
