import ArgumentParser
import Configuration
import Diagnostics
import Dist
import Files
import Training

/// `gpt1-dist replay`
package struct Replay: KeyedCommand {
  package static let configuration = CommandConfiguration(
    abstract: "Recompute a step of a run and compare it with what the run recorded.",
    discussion: """
      Start from the newest good checkpoint before the step, or from the initial weights, on all ranks of mpirun or srun \
      or on one without. With --reduce ordered the bits are the same on any number of ranks and threads; otherwise they \
      are the same on as many ranks as the run had, and on others differ by the order of sums. Nothing is written to \
      the run directory. Exit status 1 if something differs from what the run recorded.
      """)

  @Argument(help: ArgumentHelp("A run directory.", valueName: "run"))
  var folder: String
  @Option(help: "The step, from 1.")
  var step: Int
  @Option(
    name: [.customLong("micro-batch-index"), .customLong("leaf")],
    help:
      "Compute only this micro-batch of the step, counted from 0; print its loss and gradient hash, to compare machines."
  )
  var microBatchIndex: Int?
  @OptionGroup var keys: KeyOptions<Replay>
  @OptionGroup(title: KeyInfo.Group.output.rawValue) var output: OutputOptions

  package static let kind: RunConfig.Kind? = nil

  /// The paths and the threads, which may be different on this machine; everything else is taken from the run's record.
  package static func takes(_ key: KeyInfo) -> Bool {
    let keys = RunConfig.table
    return [keys.data.name, keys.task.name, keys.from.name, keys.threads.name].contains(key.name)
  }

  package static func missing(_ key: KeyInfo) -> String? {
    switch key.name {
    case RunConfig.table.threads.name: nil
    case RunConfig.table.from.name:
      "the run's; needed only if no checkpoint is older than the step"
    default: "the run's"
    }
  }

  private var request: Diagnostics.Replay.Request {
    Diagnostics.Replay.Request(
      run: folder, step: step, microBatch: microBatchIndex, data: keys.value(\.data),
      task: keys.value(\.task) ?? nil, from: keys.value(\.from) ?? nil,
      threads: keys.value(\.threads) ?? nil)
  }

  package func values(ranks: Int) throws -> [String: String] {
    var config = RunConfig()
    let request = request
    config.data = request.data ?? config.data
    (config.task, config.from, config.threads) = (request.task, request.from, request.threads)
    return config.scalars
  }

  package init() {}

  package func validate() throws {
    if step < 1 { throw ValidationError("--step \(step): steps count from 1") }
    if let index = microBatchIndex, index < 0 {
      throw ValidationError("--micro-batch-index \(index): micro-batches count from 0")
    }
    if let problem = keys.problem { throw ValidationError("--\(problem)") }
  }

  package func run() throws {
    let status = MPI.run(status: { $0 is UsageError ? 2 : 1 }) { communicator in
      let outcome = try Diagnostics.Replay(request, communicator: communicator).run()
      try communicator.onRoot {
        if let outcome { try output.print(outcome, text: outcome.description) }
      }
      return try communicator.any(outcome?.agrees == false) ? 1 : 0
    }
    throw ExitCode(status)
  }
}
