import ArgumentParser
import Configuration
import Console
import Data
import Dist
import Files
import Training

/// `gpt1-dist finetune`
package struct Finetune: KeyedCommand {
  package static let configuration = CommandConfiguration(
    abstract: "Fine-tune a model on a task, on all ranks of mpirun or srun, or on one without.",
    discussion: """
      The development split is measured after each epoch, and the best model kept in RUN/best. \
      `gpt1-dist tasks` lists the tasks; docs/TASKS.md says how to describe one of your own. Signals, \
      checkpoints, restarts and precedence work as in `pretrain`. Shapes (context, width, layers, heads, vocabulary) \
      are those of --from; their flags are for a run that begins with --tokenizer.
      """)

  @OptionGroup(title: "Configuration") var source: SourceOptions
  @OptionGroup var keys: KeyOptions<Finetune>
  @Option(
    help: ArgumentHelp(
      "Fine-tune once per seed of this comma-separated list, into RUN/seed-N, and print the median.",
      valueName: "seeds"))
  var seeds: String?
  @OptionGroup(title: KeyInfo.Group.output.rawValue) var training: TrainingOptions
  @OptionGroup(title: KeyInfo.Group.output.rawValue) var output: OutputOptions

  package static let kind: RunConfig.Kind? = .fineTuning
  package static func takes(_ key: KeyInfo) -> Bool { key.kinds.contains(.fineTuning) }

  private func config() throws(UsageError) -> RunConfig {
    try source.resolve(.fineTuning, keys.given)
  }

  package func values(ranks: Int) throws -> [String: String] { try config().scalars }

  private func parsedSeeds() throws -> [UInt64]? {
    try seeds.map { text in
      let parsed = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let seed = UInt64(part) else {
          throw ValidationError(
            "--seeds \(text): expected whole numbers separated by commas, as 1,2,3")
        }
        return seed
      }
      guard Set(parsed).count == parsed.count else {
        throw ValidationError("--seeds \(text): a seed is given twice")
      }
      return parsed
    }
  }

  package func validate() throws {
    if try parsedSeeds() != nil, keys.value(\.seed) != nil {
      throw ValidationError("give one of --seed and --seeds")
    }
  }

  package init() {}

  package func run() throws {
    let seeds = try parsedSeeds()
    try TrainingOptions.run { communicator, signals in
      let config = try communicator.together { try self.config() }
      try communicator.agree(
        on: "\(training.dryRun) \(seeds ?? [])", what: "--dry-run and --seeds", status: 2)
      if training.dryRun {
        let plan = try FineTuningPlan(config, communicator: communicator)
        try communicator.onRoot {
          for caution in plan.cautions { printError(caution) }
          try output.print(plan, text: plan.description)
        }
        try plan.check(on: communicator)
        return 0
      }
      guard let seeds else {
        let outcome = try training.train(
          config, yaml: source.config, communicator, signals)
        return try training.end(outcome, communicator) {
          try output.print(outcome, text: describe(outcome))
        }
      }
      var outcomes: [(UInt64, TrainingRun.Outcome)] = []
      for seed in seeds {
        var own = config
        own.seed = seed
        own.out += "/seed-\(seed)"
        let outcome = try training.train(
          own, yaml: source.config, communicator, signals)
        guard outcome.finished else { return TrainingRun.stoppedStatus }
        outcomes.append((seed, outcome))
      }
      let study = SeedStudy(outcomes)
      try communicator.onRoot { try output.print(study, text: study.description) }
      return outcomes.allSatisfy { $0.1.bestProblem == nil } ? 0 : 1
    }
  }

  private func describe(_ outcome: TrainingRun.Outcome) -> String {
    var lines = ["step \(outcome.step), checkpoint \(outcome.checkpoint)"]
    if let last = outcome.evaluation { lines.append("development split: " + last.description) }
    if let problem = outcome.bestProblem {
      let rest = outcome.best.map {
        "; \($0.folder) holds the model of step \($0.step), \($0.score.description)"
      }
      lines.append("the best model was not kept: \(problem)\(rest ?? "")")
    } else if let best = outcome.best {
      lines.append("best: \(best.score.description) after step \(best.step), \(best.folder)")
    }
    return lines.joined(separator: "\n")
  }
}
