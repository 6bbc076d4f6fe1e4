import ArgumentParser
import Data
import Dist
import Files
import Foundation
import Training

/// `gpt1-dist pretrain`
struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Pre-train a model on prepared data, on all ranks of mpirun or srun, or on one without.",
    discussion: """
      Precedence: flag > --config > --preset. The keys of the YAML file are the names of the flags. \
      On SIGTERM, SIGUSR1, SIGHUP (except under nohup) or Ctrl-C all ranks finish the step, write a checkpoint and exit \
      with status 75; run the same command again to resume.
      """)

  @Option(help: "The folder that `prepare` wrote. (default: data)")
  var data: String?
  @Option(help: "The run directory. (default: runs/PRESET)")
  var out: String?
  @Option(help: "Vocabulary size of the model; 0 for that of the data.")
  var vocabulary: Int?
  @Option(help: "The longest sequence, in tokens.")
  var context: Int?
  @Option(help: "Width of the residual stream.")
  var width: Int?
  @Option(help: "Number of blocks.")
  var layers: Int?
  @Option(help: "Attention heads of a block.")
  var heads: Int?
  @Option(help: "Standard deviation of the initial weights.")
  var initializerRange: Double?
  @Option(help: "Number of steps (optimizer updates).")
  var steps: Int?
  @Option(help: "Steps during which the learning rate rises from 0.")
  var warmUp: Int?
  @Option(help: "Measure the validation loss every N steps; 0 for the end only.")
  var evaluateEvery: Int?
  @Option(help: "Validation sequences to measure; 0 for all.")
  var evaluateSequences: Int?
  @Option(help: ArgumentHelp("A model folder or run directory to begin with.", valueName: "model"))
  var from: String?
  @Option(
    help: ArgumentHelp(
      "Tasks to evaluate zero-shot at every validation, separated by commas: cola, sst2, copa, …",
      valueName: "tasks"))
  var evaluateTasks: String?
  @Option(
    help: ArgumentHelp("The folder with one folder for each of these tasks.", valueName: "folder"))
  var tasksData: String?
  @OptionGroup var training: TrainingOptions
  @OptionGroup var output: OutputOptions

  private var flags: [RunConfig.CodingKeys: Any?] {
    [
      .data: data, .out: out, .vocabulary: vocabulary, .context: context, .width: width,
      .layers: layers, .heads: heads, .initializerRange: initializerRange, .steps: steps,
      .warmUp: warmUp, .evaluateEvery: evaluateEvery, .evaluateSequences: evaluateSequences,
      .evaluateTasks: evaluateTasks, .tasksData: tasksData, .from: from,
    ]
  }

  func run() throws {
    try TrainingOptions.run { communicator, signals in
      let config = try communicator.together { try training.resolve(.pretraining, flags) }
      try communicator.agree(on: "\(training.dryRun)", what: "--dry-run", status: 2)
      if training.dryRun {
        let plan = try TrainingRun.plan(config, communicator)
        try communicator.onRoot {
          try printPlan(config, plan.memory, plan.vocabularySize, plan.threads, communicator.size)
        }
        try TrainingRun.rehearse(config, communicator)
        try plan.memory.check(config, on: communicator)
        return 0
      }
      let outcome = try training.train(config, communicator, signals)
      return try training.end(outcome, communicator) {
        try output.print(outcome, text: describe(outcome))
      }
    }
  }

  private func describe(_ outcome: TrainingRun.Outcome) -> String {
    var lines = ["step \(outcome.step), checkpoint \(outcome.checkpoint)"]
    if let loss = outcome.evaluation?.validationLoss, let unigram = outcome.unigramValidationLoss {
      lines.append(
        "validation loss \(String(format: "%.4f", loss)) nats a token; "
          + "by token frequencies alone \(String(format: "%.4f", unigram))")
    }
    return lines.joined(separator: "\n")
  }

  private struct Plan: Encodable {
    let config: RunConfig
    let vocabularySize: Int
    let parameters: Int
    let bytesPerRank: Int
    let ranks: Int
  }

  /// Those of the training data, where it is there.
  private func sequences(_ config: RunConfig) throws -> Int? {
    guard Path.exists(config.data + "/dataset.json") else { return nil }
    let data = try TokenDataset(folder: config.data)
    return try Windows(data, split: .train, length: config.context).count
  }

  private func printPlan(
    _ config: RunConfig, _ memory: MemoryPlan, _ ids: Int, _ threads: Int, _ ranks: Int
  ) throws {
    var config = config
    config.threads = threads
    for caution in config.cautions(examples: try sequences(config)) { printError(caution) }
    try output.print(
      Plan(
        config: config, vocabularySize: ids, parameters: memory.parameters,
        bytesPerRank: memory.bytes, ranks: ranks),
      text: try config.yaml + "\n" + memory.description)
  }
}
