import ArgumentParser
import Configuration
import Console
import Data
import Dist
import Files
import Foundation
import Training

/// `gpt1-dist pretrain`
package struct Pretrain: KeyedCommand {
  package static let configuration = CommandConfiguration(
    abstract:
      "Pre-train a model on prepared data, on all ranks of mpirun or srun, or on one without.",
    discussion: """
      Precedence: flag > --config > --preset. The keys of the YAML file are the names of the flags; \
      docs/CONFIG.md lists them. \
      On SIGTERM, SIGUSR1, SIGHUP (except under nohup) or Ctrl-C all ranks finish the step, write a checkpoint and exit \
      with status 75; run the same command again to resume.
      """)

  @OptionGroup(title: "Configuration") var source: SourceOptions
  @OptionGroup var keys: KeyOptions<Pretrain>
  @OptionGroup(title: KeyInfo.Group.output.rawValue) var training: TrainingOptions
  @OptionGroup(title: KeyInfo.Group.output.rawValue) var output: OutputOptions

  package static let kind: RunConfig.Kind? = .pretraining
  package static func takes(_ key: KeyInfo) -> Bool { key.kinds.contains(.pretraining) }

  private func config() throws(UsageError) -> RunConfig {
    try source.resolve(.pretraining, keys.given)
  }

  package func values(ranks: Int) throws -> [String: String] { try config().scalars }

  package init() {}

  package func run() throws {
    try TrainingOptions.run { communicator, signals in
      let config = try communicator.together { try self.config() }
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
      let outcome = try training.train(
        config, yaml: source.config, communicator, signals)
      return try training.end(outcome, communicator) {
        try output.print(outcome, text: describe(outcome))
      }
    }
  }

  private func describe(_ outcome: TrainingRun.Outcome) -> String {
    var lines = ["step \(outcome.step), checkpoint \(outcome.checkpoint)"]
    if let loss = outcome.evaluation?.validationLoss, let unigram = outcome.unigramValidationLoss {
      lines.append(
        "validation loss \(String(format: "%.4f", loss)) nats per token; "
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

  /// The number of sequences in the training data; nil if the data are not there.
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
