import ArgumentParser
import Data
import Dist
import Foundation
import Training

/// `gpt1-dist pretrain`
struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Pre-train a model on prepared data, on all ranks of mpirun or srun, or on one without.",
    discussion: """
      Precedence: flag > --config > --preset. The keys of the YAML file are the names of the flags. \
      SIGTERM, SIGUSR1 or Ctrl-C: all ranks finish the step, a checkpoint is written, exit status \
      75; the same command goes on from there.
      """)

  @Option(help: ArgumentHelp("A YAML file of keys and values.", valueName: "yaml"))
  var config: String?
  @Option(help: "gpt1 (the paper's), mini (minutes on 2 cores) or debug (seconds).")
  var preset = RunConfig.Preset.gpt1
  @Option(help: "The folder that `prepare` wrote. (default: data)")
  var data: String?
  @Option(help: "The run directory. (default: runs/pretrain)")
  var out: String?
  @Option(help: "Token ids of the model; 0 for those of the data.")
  var vocabulary: Int?
  @Option(help: "The longest sequence, in tokens.")
  var context: Int?
  @Option(help: "Width of the residual stream.")
  var width: Int?
  @Option(help: "Number of blocks.")
  var layers: Int?
  @Option(help: "Attention heads of a block.")
  var heads: Int?
  @Option(help: ArgumentHelp("Probability of dropout.", valueName: "p"))
  var dropout: Double?
  @Option(help: "Standard deviation of the initial weights.")
  var initializerRange: Double?
  @Option(help: "Optimizer updates in all.")
  var steps: Int?
  @Option(help: ArgumentHelp("Sequences of a step, over all ranks.", valueName: "sequences"))
  var batch: Int?
  @Option(help: ArgumentHelp("Sequences that a rank computes at once.", valueName: "sequences"))
  var microBatch: Int?
  @Option(help: "The largest learning rate.")
  var learningRate: Double?
  @Option(help: "Updates during which the learning rate rises from 0.")
  var warmUp: Int?
  @Option(help: "How the learning rate falls afterwards: cosine, linear or constant.")
  var schedule: String?
  @Option(help: "Weight decay of tensors of rank > 1.")
  var weightDecay: Double?
  @Option(help: "The largest norm of the gradient; 0 for no clipping.")
  var clip: Double?
  @Option(help: "Determines initial weights, order of the data and dropout.")
  var seed: UInt64?
  @Option(
    help:
      "Arithmetic of the matrix products: fp32, bf16 (sums in fp32), or bf16-emulated (rehearses bf16 anywhere)."
  )
  var precision: String?
  @Flag(help: "Compute each block's activations anew in backward: less memory, more time.")
  var recompute = false
  @Option(
    help:
      "How gradients are combined: allreduce, overlapped (during backward), or ordered (the same bits on any number of ranks)."
  )
  var reduce: String?
  @Option(help: "How gradients cross the network: fp32, or bf16 (half the bytes).")
  var wire: String?
  @Option(help: "Threads of a rank; 0 for a fair share of the node's processors.")
  var threads: Int?
  @Option(help: "Updates between two checkpoints.")
  var checkpointEvery: Int?
  @Option(help: "The newest checkpoints that are kept.")
  var keep: Int?
  @Option(help: "Checkpoints of steps that this divides are kept for ever; 0 for none.")
  var keepEvery: Int?
  @Option(
    help: "Where a checkpoint cannot be written: continue (and try again at the next) or stop.")
  var onCheckpointFailure: String?
  @Option(
    help:
      "At NaN, infinity or a spike of loss or gradient: stop, skip (that update) or rollback (to a checkpoint)."
  )
  var anomaly: String?
  @Option(
    help: ArgumentHelp(
      "Robust deviations above the last steps that make a spike; 0 for no spikes.",
      valueName: "deviations"))
  var spikeThreshold: Double?
  @Option(help: "Updates between two validation losses; 0 for the end only.")
  var evaluateEvery: Int?
  @Option(help: "Validation sequences that are measured; 0 for all.")
  var evaluateSequences: Int?
  @Option(
    help: "auto (from the newest good checkpoint in the run directory), never, or a checkpoint.")
  var resume: String?
  @Option(help: ArgumentHelp("A model folder to begin with.", valueName: "model"))
  var from: String?
  @Option(
    help: ArgumentHelp(
      "End the job when no rank has moved for so long, with status 75 and a report of who is behind; 0 for never.",
      valueName: "seconds"))
  var stallTimeout: Int?
  @Flag(help: "Search every operation's output for NaN and infinity, and print the phases' times.")
  var debug = false
  @Flag(help: "Print the resolved configuration, the parameters and the memory; train nothing.")
  var dryRun = false
  @Option(
    help: ArgumentHelp(
      "At the end, write a trace of the last steps for Perfetto or chrome://tracing, and a table by operation.",
      valueName: "json"))
  var trace: String?
  @Option(
    help: ArgumentHelp(
      "A fault that tests plant: nan, spike or flip, rank, step.", visibility: .hidden),
    transform: parseFault)
  var fault: Fault?
  @OptionGroup var output: OutputOptions

  /// The flags that were given, by the keys of the configuration.
  private var flags: [String: String] {
    let given: [RunConfig.CodingKeys: Any?] = [
      .data: data, .out: out, .vocabulary: vocabulary, .context: context, .width: width,
      .layers: layers, .heads: heads, .dropout: dropout, .initializerRange: initializerRange,
      .steps: steps, .batch: batch,
      .microBatch: microBatch, .learningRate: learningRate, .warmUp: warmUp, .schedule: schedule,
      .weightDecay: weightDecay, .clip: clip, .seed: seed, .precision: precision,
      .recompute: recompute ? true : nil, .reduce: reduce, .wire: wire,
      .threads: threads, .checkpointEvery: checkpointEvery, .keep: keep,
      .keepEvery: keepEvery, .onCheckpointFailure: onCheckpointFailure, .anomaly: anomaly,
      .spikeThreshold: spikeThreshold, .evaluateEvery: evaluateEvery,
      .evaluateSequences: evaluateSequences, .resume: resume,
      .from: from, .stallTimeout: stallTimeout, .debug: debug ? true : nil,
    ]
    return Dictionary(
      uniqueKeysWithValues: given.compactMap { key, value in
        value.map { (key.rawValue, "\($0)") }
      })
  }

  func run() throws {
    // Before any other thread: they all inherit that these signals wait to be asked for.
    let signals = StopSignals()
    let launch = Launch(environment: ProcessInfo.processInfo.environment)
    let status = MPI.run(status: { $0 is UsageError ? 2 : 1 }) { communicator in
      if let problem = launch.separation(worldSize: communicator.size) {
        // Each would train alone into the same folder. They do not see each other, so one of them says so.
        if launch.index > 0 { return 2 }
        throw UsageError(problem)
      }
      let config = try communicator.together {
        try RunConfig.resolve(preset: preset, yaml: self.config, flags: flags)
      }
      try communicator.agree(on: "\(dryRun)", what: "--dry-run", status: 2)
      if dryRun {
        let threads = try Pretraining.threads(config, communicator)
        try communicator.onRoot { try printPlan(config, communicator.size, threads) }
        return 0
      }
      try communicator.agree(on: trace ?? "", what: "--trace", status: 2)
      let outcome = try Pretraining(config, communicator: communicator, trace: trace, fault: fault)
        .run(signals: signals)
      try communicator.onRoot { try output.print(outcome, text: describe(outcome)) }
      return outcome.finished ? 0 : Pretraining.stoppedStatus
    }
    throw ExitCode(status)
  }

  private func describe(_ outcome: Pretraining.Outcome) -> String {
    var lines = ["step \(outcome.step), checkpoint \(outcome.checkpoint)"]
    if let loss = outcome.validationLoss, let unigram = outcome.unigramValidationLoss {
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

  private func printPlan(_ config: RunConfig, _ ranks: Int, _ threads: Int) throws {
    var config = config
    config.threads = threads
    var ids = config.vocabulary
    if ids == 0 { ids = try TokenDataset(folder: config.data).info.vocabularySize }
    let model = config.model(vocabularySize: ids)
    let memory = MemoryPlan(config, model: model, ranks: ranks, threads: threads)
    try output.print(
      Plan(
        config: config, vocabularySize: ids, parameters: memory.parameters,
        bytesPerRank: memory.bytes, ranks: ranks),
      text: try config.yaml + "\n" + memory.description)
  }
}

extension RunConfig.Preset: ExpressibleByArgument {}

/// `KIND:RANK:STEP`
private func parseFault(_ text: String) throws -> Fault {
  guard let fault = Fault(text) else { throw ValidationError("'\(text)' is no fault") }
  return fault
}
