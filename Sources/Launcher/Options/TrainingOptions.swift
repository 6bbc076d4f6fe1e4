import ArgumentParser
import Configuration
import Console
import Dist
import Files
import Foundation
import Preflight
import Storage
import Training

/// The options that every kind of training has, besides the keys of its configuration.
struct TrainingOptions: ParsableArguments {
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

  /// Runs `body` on all ranks with the signals that ask it to stop, and ends the process with the status that it returns.
  ///
  /// - Parameter stopsOnRequest: true if `body` handles these signals; otherwise they end the process as usual
  static func run(
    stopsOnRequest: Bool = true, _ body: (Communicator, StopSignals) throws -> Int32
  ) throws {
    // Before any other thread is started: threads inherit that these signals are blocked, so that they can be asked for.
    let signals = stopsOnRequest ? StopSignals() : StopSignals([])
    let launch = Launch(environment: ProcessInfo.processInfo.environment)
    let status = MPI.run(status: { $0 is UsageError ? 2 : 1 }) { communicator in
      if let problem = launch.separation(worldSize: communicator.size) {
        // Each process would train alone into the same folder. They do not see each other, so only one of them reports it.
        if launch.index > 0 { return 2 }
        throw UsageError(problem)
      }
      return try body(communicator, signals)
    }
    throw ExitCode(status)
  }

  /// Runs the training that `config` describes. Collective.
  ///
  /// - Parameter yaml: the file that it was read from, if any
  func train(
    _ config: RunConfig, yaml: String?, _ communicator: Communicator, _ signals: StopSignals
  ) throws -> TrainingRun.Outcome {
    try communicator.agree(on: trace ?? "", what: "--trace", status: 2)
    try communicator.together {
      try InputFiles.require(
        trace, of: "--trace",
        otherThan: trace == nil ? [] : config.inputFiles + (yaml.map { [$0] } ?? []))
    }
    return try TrainingRun(
      config, communicator: communicator, trace: trace, fault: fault, versions: .ofThisProgram
    ).run(signals: signals)
  }

  /// Prints the outcome of a run on rank 0; returns the status of the process. Collective.
  ///
  /// A run that stopped on request keeps its status if the outcome cannot be printed: after a hang-up there is no terminal.
  func end(
    _ outcome: TrainingRun.Outcome, _ communicator: Communicator, report: () throws -> Void
  ) throws -> Int32 {
    try communicator.onRoot {
      do { try report() } catch  where !outcome.finished { printError("gpt1-dist: \(error)") }
    }
    return !outcome.finished ? TrainingRun.stoppedStatus : outcome.bestProblem == nil ? 0 : 1
  }
}

/// Parses `KIND:RANK:STEP`.
private func parseFault(_ text: String) throws -> Fault {
  guard let fault = Fault(text) else { throw ValidationError("'\(text)' is not a fault") }
  return fault
}
