import Configuration
import Files
import Foundation
import Storage
import Training

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
  /// The steps of `metrics.jsonl` that were applied.
  let metrics: [Int: StepMetrics]
  /// Those that were not; they are not in `metrics`.
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
    let settings: [SettingsInForce]
    let log = MetricsFile.path(in: folder)
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

  /// What `metrics.jsonl` says of steps.
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
