import ArgumentParser
import Dist
import Foundation
import Training

/// The options that every kind of training has.
struct TrainingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A YAML file of keys and values.", valueName: "yaml"))
  var config: String?
  @Option(
    help: "gpt1 (the paper's), mini (minutes on 2 cores) or debug (seconds). (default: gpt1)")
  var preset: RunConfig.Preset?
  @Option(help: ArgumentHelp("Probability of dropout.", valueName: "p"))
  var dropout: Double?
  @Option(help: ArgumentHelp("Sequences of a step, over all ranks.", valueName: "sequences"))
  var batch: Int?
  @Option(help: ArgumentHelp("Sequences that a rank computes at once.", valueName: "sequences"))
  var microBatch: Int?
  @Option(help: "The largest learning rate.")
  var learningRate: Double?
  @Option(help: "How the learning rate falls afterwards: cosine, linear or constant.")
  var schedule: String?
  @Option(help: "Weight decay of tensors of rank > 1.")
  var weightDecay: Double?
  @Option(help: "The largest norm of the gradient; 0 for no clipping.")
  var clip: Double?
  @Option(help: "Seed of the initial weights, the order of the data and dropout.")
  var seed: UInt64?
  @Option(
    help:
      "Arithmetic of the matrix products: fp32, bf16 (sums in fp32), or bf16-emulated (rehearses bf16 anywhere)."
  )
  var precision: String?
  @Flag(help: "Recompute each block's activations in backward: less memory, more time.")
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
  @Option(help: "Write a checkpoint every N steps.")
  var checkpointEvery: Int?
  @Option(help: "Number of newest checkpoints to keep.")
  var keep: Int?
  @Option(help: "Keep every N-th step's checkpoint permanently; 0 for none.")
  var keepEvery: Int?
  @Option(
    help: "If a checkpoint cannot be written: continue (and try again at the next) or stop.")
  var onCheckpointFailure: String?
  @Option(
    help:
      "At NaN, infinity or a spike of loss or gradient: stop, skip (that step's update) or rollback (to a checkpoint)."
  )
  var anomaly: String?
  @Option(
    help: ArgumentHelp(
      "How many robust deviations above the recent steps count as a spike; 0 to look for none.",
      valueName: "deviations"))
  var spikeThreshold: Double?
  @Option(
    help: "auto (from the newest good checkpoint in the run directory), never, or a checkpoint.")
  var resume: String?
  @Option(
    help: ArgumentHelp(
      "End the job with status 75 when no rank has moved for this many seconds, and report the rank that is behind; 0 for never.",
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
      "Faults that tests plant: nan, spike, flip or stop, rank, step.", visibility: .hidden),
    transform: parseFault)
  var fault: Fault?

  /// The flags that were given, by the keys of the configuration.
  private var given: [RunConfig.CodingKeys: Any?] {
    [
      .dropout: dropout, .batch: batch, .microBatch: microBatch, .learningRate: learningRate,
      .schedule: schedule, .weightDecay: weightDecay, .clip: clip, .seed: seed,
      .precision: precision, .recompute: recompute ? true : nil, .reduce: reduce, .wire: wire,
      .threads: threads, .checkpointEvery: checkpointEvery, .keep: keep, .keepEvery: keepEvery,
      .onCheckpointFailure: onCheckpointFailure, .anomaly: anomaly,
      .spikeThreshold: spikeThreshold, .resume: resume, .stallTimeout: stallTimeout,
      .debug: debug ? true : nil,
    ]
  }

  /// The configuration that these and a subcommand's own flags, by its keys, come to.
  func resolve(
    _ kind: RunConfig.Kind, _ own: [RunConfig.CodingKeys: Any?]
  ) throws(UsageError) -> RunConfig {
    let flags = given.merging(own) { $1 }.compactMap { key, value in
      value.map { (key.rawValue, "\($0)") }
    }
    return try RunConfig.resolve(
      kind, preset: preset, yaml: config, flags: Dictionary(uniqueKeysWithValues: flags))
  }

  /// Runs `body` on all ranks with the signals that ask it to stop, and ends the process with the status that it returns.
  ///
  /// - Parameter stopsOnRequest: whether `body` looks for these signals; else they end the process as usual
  static func run(
    stopsOnRequest: Bool = true, _ body: (Communicator, StopSignals) throws -> Int32
  ) throws {
    // Before any other thread: they all inherit that these signals wait to be asked for.
    let signals = stopsOnRequest ? StopSignals() : StopSignals([])
    let launch = Launch(environment: ProcessInfo.processInfo.environment)
    let status = MPI.run(status: { $0 is UsageError ? 2 : 1 }) { communicator in
      if let problem = launch.separation(worldSize: communicator.size) {
        // Each would train alone into the same folder. They do not see each other, so one of them says so.
        if launch.index > 0 { return 2 }
        throw UsageError(problem)
      }
      return try body(communicator, signals)
    }
    throw ExitCode(status)
  }

  /// Trains what `config` says. Collective.
  func train(
    _ config: RunConfig, _ communicator: Communicator, _ signals: StopSignals
  ) throws -> TrainingRun.Outcome {
    try communicator.agree(on: trace ?? "", what: "--trace", status: 2)
    try communicator.together {
      try InputFiles.require(
        trace, of: "--trace",
        otherThan: trace == nil ? [] : config.inputFiles + (self.config.map { [$0] } ?? []))
    }
    return try TrainingRun(config, communicator: communicator, trace: trace, fault: fault)
      .run(signals: signals)
  }

  /// Prints on rank 0 how a run ended; returns the status of the process. Collective.
  ///
  /// A run that stopped on request can be started again also where that cannot be printed: after a hang-up there is no terminal.
  func end(
    _ outcome: TrainingRun.Outcome, _ communicator: Communicator, report: () throws -> Void
  ) throws -> Int32 {
    try communicator.onRoot {
      do { try report() } catch  where !outcome.finished { printError("gpt1-dist: \(error)") }
    }
    return !outcome.finished ? TrainingRun.stoppedStatus : outcome.bestProblem == nil ? 0 : 1
  }
}

extension RunConfig.Preset: ExpressibleByArgument {}

/// `KIND:RANK:STEP`
private func parseFault(_ text: String) throws -> Fault {
  guard let fault = Fault(text) else { throw ValidationError("'\(text)' is no fault") }
  return fault
}
