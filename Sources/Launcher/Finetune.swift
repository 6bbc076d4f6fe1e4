import ArgumentParser
import Data
import Dist
import Training

/// `gpt1-dist finetune`
struct Finetune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fine-tune a model on a task, on all ranks of mpirun or srun, or on one without.",
    discussion: """
      The development split is measured after each epoch, and the best model kept in RUN/best. \
      `gpt1-dist tasks` lists the tasks; docs/TASKS.md says how to describe one of your own. Signals, \
      checkpoints, restarts and precedence work as in `pretrain`; set shapes and all other options in the \
      --config file.
      """)

  @Option(help: ArgumentHelp("A task's name, or a YAML file.", valueName: "name|yaml"))
  var task: String?
  @Option(help: "The folder with the task's files.")
  var data: String?
  @Option(help: ArgumentHelp("A model folder or run directory to begin with.", valueName: "model"))
  var from: String?
  @Flag(
    help:
      "Begin with random weights; take shape and tokenizer from --from, or from --preset and --tokenizer."
  )
  var fromScratch = false
  @Option(
    help: ArgumentHelp(
      "Without --from: a folder with vocab.json and merges.txt.", valueName: "folder"))
  var tokenizer: String?
  @Option(help: "The run directory. (default: runs/PRESET-TASK)")
  var out: String?
  @Option(help: "Passes over the training examples. (default: 3)")
  var epochs: Int?
  @Option(help: "Training examples to use, drawn by the seed; 0 for all.")
  var examples: Int?
  @Option(
    help: ArgumentHelp(
      "λ, the weight of the auxiliary language-model loss; 0 for none. (default: 0.5)",
      valueName: "lambda"))
  var lmCoefficient: Double?
  @Option(
    help: ArgumentHelp(
      "Take only the embeddings and this many blocks of --from.", valueName: "blocks"))
  var transferLayers: Int?
  @Option(
    help: ArgumentHelp("Probability of dropout before the task's linear layer.", valueName: "p"))
  var classifierDropout: Double?
  @Option(
    help: ArgumentHelp(
      "The fraction of the steps during which the learning rate rises from 0.", valueName: "part"))
  var warmUpFraction: Double?
  @Option(
    help: ArgumentHelp(
      "Fine-tune once per seed of this comma-separated list, into RUN/seed-N, and print the median.",
      valueName: "seeds"))
  var seeds: String?
  @OptionGroup var training: TrainingOptions
  @OptionGroup var output: OutputOptions

  private var flags: [RunConfig.CodingKeys: Any?] {
    [
      .task: task, .data: data, .from: from, .fromScratch: fromScratch ? true : nil,
      .tokenizer: tokenizer, .out: out, .epochs: epochs, .examples: examples,
      .lmCoefficient: lmCoefficient, .transferLayers: transferLayers,
      .classifierDropout: classifierDropout, .warmUpFraction: warmUpFraction,
    ]
  }

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

  func validate() throws {
    if try parsedSeeds() != nil, training.seed != nil {
      throw ValidationError("give one of --seed and --seeds")
    }
  }

  func run() throws {
    let seeds = try parsedSeeds()
    try TrainingOptions.run { communicator, signals in
      let config = try communicator.together { try training.resolve(.fineTuning, flags) }
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
        let outcome = try training.train(config, communicator, signals)
        return try training.end(outcome, communicator) {
          try output.print(outcome, text: describe(outcome))
        }
      }
      var outcomes: [(UInt64, TrainingRun.Outcome)] = []
      for seed in seeds {
        var own = config
        own.seed = seed
        own.out += "/seed-\(seed)"
        let outcome = try training.train(own, communicator, signals)
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
