import ArgumentParser
import Dist
import Training

/// `gpt1-dist bench`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure whole training steps against the matrix products of such a step alone.",
    discussion: """
      Forward, backward, reduction, clipping and optimizer, on synthetic tokens or those of --data, on all ranks of \
      mpirun or srun or on one without. Alternating with the steps, the same ranks and threads compute only the \
      matrix products of a step: the roofline, of which the step reaches a share.
      """)

  @Option(help: "gpt1 (the paper's model), mini or debug.")
  var preset = RunConfig.Preset.gpt1
  @Flag var subject = BenchSubject.steps
  @OptionGroup var step: StepOptions
  @OptionGroup var side: SideOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let status = MPI.run(status: { $0 is UsageError ? 2 : 1 }) { communicator in
      try communicator.agree(on: subject.rawValue, what: "what to measure", status: 2)
      switch subject {
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
    let config = try communicator.together { try step.config(preset, ranks: communicator.size) }
    let benchmark = StepBenchmark(
      config, warmUp: step.warmUp, usesData: step.data != nil, trace: step.trace,
      communicator: communicator)
    let result = try benchmark.run()
    try communicator.onRoot { try output.print(result, text: result.description) }
  }
}

/// What a measured training step is.
struct StepOptions: ParsableArguments {
  @Option(help: "A folder that `prepare` wrote, for real tokens instead of synthetic ones.")
  var data: String?
  @Option(
    help:
      "Vocabulary size of the model; 0 for that of the data. (default: the preset's; 8108 if that is 0 and there is no --data)"
  )
  var vocabulary: Int?
  @Option(help: "The longest sequence, in tokens. (default: the preset's)")
  var context: Int?
  @Option(
    help: ArgumentHelp("Probability of dropout. (default: the preset's)", valueName: "p"))
  var dropout: Double?
  @Option(
    help: ArgumentHelp(
      "Sequences that a rank computes at once. (default: the preset's)", valueName: "sequences"))
  var microBatch: Int?
  @Option(
    help: ArgumentHelp(
      "Sequences of a step, over all ranks. (default: one micro-batch a rank)",
      valueName: "sequences"))
  var batch: Int?
  @Option(help: "Arithmetic of the matrix products: fp32, or bf16 with sums in fp32.")
  var precision: String?
  @Flag(help: "Recompute each block's activations in backward.")
  var recompute = false
  @Option(
    help:
      "How gradients are combined: allreduce, overlapped (during backward), or ordered (the same bits on any number of ranks)."
  )
  var reduce: String?
  @Option(help: "How gradients cross the network: fp32, or bf16 (half the bytes).")
  var wire: String?
  @Option(help: "Threads of a rank; 0 for a fair share of the node's CPUs.")
  var threads: Int?
  @Option(help: "Seed of weights, tokens and dropout.")
  var seed: UInt64?
  @Option(help: "Steps to measure.")
  var steps = 5
  @Option(help: "Steps before them.")
  var warmUp = 2
  @Option(help: ArgumentHelp("Write a trace for Perfetto or chrome://tracing.", valueName: "json"))
  var trace: String?

  func validate() throws {
    if !(1...100_000 ~= steps) {
      throw ValidationError("--steps \(steps): expected a number from 1 to 100000")
    }
    if !(0...100_000 ~= warmUp) {
      throw ValidationError("--warm-up \(warmUp): expected a number from 0 to 100000")
    }
  }

  /// The run whose steps are measured.
  func config(_ preset: RunConfig.Preset, ranks: Int) throws -> RunConfig {
    let leaf = microBatch ?? preset.config.microBatch
    let all = leaf.multipliedReportingOverflow(by: ranks)
    if all.overflow { throw UsageError("--micro-batch \(leaf) is too large") }
    let given: [RunConfig.CodingKeys: Any?] = [
      .data: data, .vocabulary: vocabulary, .context: context, .dropout: dropout,
      .microBatch: leaf, .batch: batch ?? max(1, all.partialValue), .precision: precision,
      .recompute: recompute ? true : nil, .reduce: reduce, .wire: wire,
      .threads: threads, .seed: seed, .steps: steps,
    ]
    return try RunConfig.resolve(
      preset: preset,
      flags: Dictionary(
        uniqueKeysWithValues: given.compactMap { key, value in
          value.map { (key.rawValue, "\($0)") }
        }))
  }
}
