import ArgumentParser
import Dist
import Training

/// `gpt1-dist replay`
struct Replay: ParsableCommand {
  static let configuration = CommandConfiguration(
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
    help:
      "Compute only this micro-batch (leaf) of the step, counted from 0; print its loss and gradient hash, to compare machines."
  )
  var leaf: Int?
  @Option(help: "The folder of the run's data on this machine. (default: the run's --data)")
  var data: String?
  @Option(
    help: ArgumentHelp(
      "The task of a fine-tuning run on this machine. (default: the run's --task)",
      valueName: "name|yaml"))
  var task: String?
  @Option(
    help: ArgumentHelp(
      "The model that the run began with; needed only if no checkpoint is older than the step.",
      valueName: "model"))
  var from: String?
  @Option(help: "Threads of a rank; 0 for a fair share of the node's CPUs.")
  var threads = 0
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if step < 1 { throw ValidationError("--step \(step): steps count from 1") }
    if let leaf, leaf < 0 { throw ValidationError("--leaf \(leaf): micro-batches count from 0") }
    if !(0...4_096 ~= threads) {
      throw ValidationError("--threads \(threads): expected a number from 0 to 4096")
    }
  }

  func run() throws {
    let status = MPI.run(status: { $0 is UsageError ? 2 : 1 }) { communicator in
      let request = Training.Replay.Request(
        run: folder, step: step, leaf: leaf, data: data, task: task, from: from,
        threads: threads)
      let outcome = try Training.Replay(request, communicator: communicator).run()
      try communicator.onRoot {
        if let outcome { try output.print(outcome, text: outcome.description) }
      }
      return try communicator.any(outcome?.agrees == false) ? 1 : 0
    }
    throw ExitCode(status)
  }
}
