import ArgumentParser
import Data
import Dist
import Files
import Inference
import Training

/// `gpt1-dist evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Measure a model on a task's examples, on all ranks of mpirun or srun, or on one without.",
    discussion: """
      Metrics and predictions are the same for any number of ranks. --zero-shot asks a language model \
      that has not been fine-tuned, by the heuristics of the paper's §5.
      """)

  @Option(help: ArgumentHelp("A task's name, or a YAML file.", valueName: "name|yaml"))
  var task: String
  @Option(help: "The folder with the task's files.")
  var data: String
  @Option(
    help:
      "A model folder (RUN/best or a checkpoint of `finetune`; with --zero-shot, any), or a run directory: its best model or newest checkpoint."
  )
  var model: String
  @Option(help: "train, dev or test.")
  var split = TaskSplit.dev
  @Flag(help: "Answer by the paper's heuristics, without a linear layer for the task.")
  var zeroShot = false
  @Option(
    help: ArgumentHelp("Write the predictions in the task's submission format.", valueName: "file"))
  var predictions: String?
  @Option(help: "Threads per rank; 0 for a fair share of the node's CPUs.")
  var threads = 0
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !(0...4_096 ~= threads) {
      throw ValidationError("--threads \(threads): expected a number from 0 to 4096")
    }
  }

  func run() throws {
    let request = TaskMeasurement.Request(
      task: task, data: data, model: model, split: split, zeroShot: zeroShot,
      predictions: predictions, threads: threads)
    try TrainingOptions.run(stopsOnRequest: false) { communicator, _ in
      let outcome = try TaskMeasurement(request, communicator: communicator).run()
      try communicator.onRoot {
        outcome.warnings.forEach(printWarning)
        try output.print(outcome, text: outcome.description)
        if let error = outcome.predictionsError { throw InputError(error) }
      }
      return 0
    }
  }
}

extension TaskSplit: ExpressibleByArgument {}
