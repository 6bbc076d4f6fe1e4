import Configuration
import Files
import Foundation
import Storage
import Training

/// The record of a run in its run directory, from which its steps can be recomputed. Nothing is written there.
struct RunRecord {
  /// The run directory.
  let folder: String
  /// The configuration of the step, or the nearest one that is known: see `init`.
  let config: RunConfig
  /// The configurations of the steps before it, if they are known: each for the steps after a step, in their order.
  let earlierConfigs: [(after: Int, config: RunConfig)]
  /// True if `config` has the steps and warm-up of a fine-tuning run, which are otherwise derived from its examples.
  let knowsSteps: Bool
  /// The steps of `metrics.jsonl` that were applied.
  let metrics: [Int: StepMetrics]
  /// The steps that were not applied; they are not in `metrics`.
  let skippedSteps: [Int]
  /// The checkpoints, newest first, not verified.
  let checkpoints: [Checkpoint]

  /// Reads the record of the run in `folder`, to recompute `step`.
  ///
  /// A run may have been restarted with another number of steps or learning rate: `config.yaml` is from its beginning, and lines of
  /// `metrics.jsonl` say what was changed and when. Runs of older programs have no such lines: the configuration is then in the first
  /// checkpoint from `step` on. If there is none, `config.yaml` is used, which older programs wrote at every start.
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
    let settings: [SettingsInForce]
    let log = MetricsFile.path(in: folder)
    (metrics, skippedSteps, settings) = try RunRecord.metrics(log)
    guard !skippedSteps.contains(step) else {
      throw UsageError(
        "step \(step) was skipped in \(folder): there is nothing to recompute; give another --step"
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

  /// The newest checkpoint before `step` that passes verification; nil if there is none.
  ///
  /// - Parameter report: called with a sentence for every damaged file of a checkpoint that is skipped
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

  /// The steps and settings in `metrics.jsonl`.
  private static func metrics(
    _ path: String
  ) throws -> (applied: [Int: StepMetrics], skipped: [Int], settings: [SettingsInForce]) {
    var applied: [Int: StepMetrics] = [:]
    var skipped: [Int] = []
    var settings: [SettingsInForce] = []
    for line in try MetricsFile.lines(path) {
      switch line {
      case .step(let step): applied[step.step] = step
      case .skipped(let step): skipped.append(step.step)
      case .settings(let found): settings.append(found)
      case .evaluation, .checkpoint, .start: break
      }
    }
    return (applied, skipped, settings)
  }
}
