import ArgumentParser
import Benchmarks
import Configuration
import Dist
import Files
import Training

/// `gpt1-dist bench`
package struct Bench: KeyedCommand {
  package static let configuration = CommandConfiguration(
    abstract: "Measure whole training steps against the matrix products of such a step alone.",
    discussion: """
      Forward, backward, reduction, clipping and optimizer, on synthetic tokens or those of --data, on all ranks of \
      mpirun or srun or on one without. Alternating with the steps, the same ranks and threads compute only the \
      matrix products of a step: the roofline, of which the step reaches a share. \
      Three options have another meaning than in `pretrain`: --steps counts the measured steps, --warm-up those before \
      them, and --batch is one micro-batch per rank if it is not given.
      """)

  @OptionGroup(title: "Benchmark") var subject: SubjectOptions
  @OptionGroup(title: "Benchmark") var step: StepOptions
  @OptionGroup(title: "Benchmark") var side: SideOptions
  @OptionGroup var keys: KeyOptions<Bench>
  @OptionGroup(title: KeyInfo.Group.output.rawValue) var output: OutputOptions

  package static let kind: RunConfig.Kind? = .pretraining

  /// The keys that affect the computation of a step. --steps and --warm-up are options with another meaning here.
  package static func takes(_ key: KeyInfo) -> Bool {
    let keys = RunConfig.table
    let others = [
      keys.steps.name, keys.warmUp.name, keys.from.name, keys.anomaly.name,
      keys.spikeThreshold.name, keys.stallTimeout.name,
    ]
    return key.kinds.contains(.pretraining) && !others.contains(key.name)
      && ([.model, .optimizer, .cluster].contains(key.group) || key.name == keys.data.name)
  }

  package static func missing(_ key: KeyInfo) -> String? {
    switch key.name {
    case RunConfig.table.data.name: "synthetic tokens"
    case RunConfig.table.batch.name: "one micro-batch per rank"
    case RunConfig.table.vocabulary.name:
      "the preset's; \(StepBenchmark.syntheticVocabulary) if that is 0 and there is no --data"
    default: nil
    }
  }

  package func values(ranks: Int) throws -> [String: String] { try config(ranks: ranks).scalars }

  /// The run whose steps are measured.
  func config(ranks: Int) throws -> RunConfig {
    let microBatch = keys.value(\.microBatch) ?? subject.preset.config.microBatch
    let all = microBatch.multipliedReportingOverflow(by: ranks)
    if all.overflow { throw UsageError("--micro-batch \(microBatch) is too large") }
    let own = [
      RunConfig.table.batch.name: max(1, all.partialValue).keyText,
      RunConfig.table.steps.name: step.steps.keyText,
    ]
    return try RunConfig.resolve(preset: subject.preset, flags: own.merging(keys.given) { $1 })
  }

  package init() {}

  package func run() throws {
    let status = MPI.run(status: { $0 is UsageError ? 2 : 1 }) { communicator in
      try communicator.agree(on: subject.name, what: "the benchmark", status: 2)
      switch subject.measured {
      case .steps: try measureSteps(communicator)
      case .generate: try measureGeneration(communicator)
      case .collectives: try measureCollectives(communicator)
      case .tokenizer: try measureTokenizer(communicator)
      }
      return 0
    }
    throw ExitCode(status)
  }

  private func measureSteps(_ communicator: Communicator) throws {
    let config = try communicator.together { try self.config(ranks: communicator.size) }
    let benchmark = StepBenchmark(
      config, warmUp: step.warmUp, usesData: keys.value(\.data) != nil, trace: step.trace,
      simulatedThreads: step.simulateThreads, communicator: communicator)
    let result = try benchmark.run()
    try communicator.onRoot { try output.print(result, text: result.description) }
  }
}
