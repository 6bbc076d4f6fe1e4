import ArgumentParser
import Dist
import Training

/// `gpt1-dist replay`
struct Replay: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute a step of a run once more and compare it with what the run left.",
    discussion: """
      From the newest good checkpoint before the step, or from the initial weights, on all ranks of mpirun or srun or on \
      one without. A run with --reduce ordered gives the same bits on any number of ranks and threads; any other the same \
      bits on as many ranks as it had, and else the same but for the order of sums. Nothing is written into the run's \
      folder. Exit status 1 where something is not as the run left it.
      """)

  @Argument(help: ArgumentHelp("A run directory.", valueName: "run"))
  var folder: String
  @Option(help: "The step, from 1.")
  var step: Int
  @Option(
    help:
      "Compute this leaf of the step alone, from 0, and print its loss and its gradient's hash, to compare machines by."
  )
  var leaf: Int?
  @Option(help: "Where the run's data lie here. (default: where the run had them)")
  var data: String?
  @Option(
    help: ArgumentHelp(
      "Where a fine-tuning's task lies here. (default: where the run had it)",
      valueName: "name|yaml"))
  var task: String?
  @Option(
    help: ArgumentHelp(
      "Where the model lies here that the run began with; needed only without a checkpoint before the step.",
      valueName: "model"))
  var from: String?
  @Option(help: "Threads of a rank; 0 for a fair share of the node's processors.")
  var threads = 0
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if step < 1 { throw ValidationError("--step \(step): steps count from 1") }
    if let leaf, leaf < 0 { throw ValidationError("--leaf \(leaf): leaves count from 0") }
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
