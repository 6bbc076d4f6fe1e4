import Configuration
import Data
import Dist
import Inference
import Model
import Profiling
import Storage
import Tokenization

/// The trace of a training run and the table of its steps.
struct Tracing {
  let recorder: OperationRecorder
  private let file: TraceFile
  private let communicator: Communicator

  /// Opens the file; throws if it cannot be written. Collective.
  init(
    _ path: String, threads: Int, _ communicator: Communicator, _ clock: ContinuousClock
  ) throws {
    self.communicator = communicator
    file = try TraceFile(path, communicator: communicator, clock: clock)
    recorder = try OperationRecorder(
      threads: threads, traces: true, communicator: communicator, clock: clock)
  }

  /// Writes the file and returns the table of all steps. Collective.
  func finish(_ config: RunConfig, _ model: ModelConfig) throws -> String {
    try file.write(recorder)
    let cost = OperationCost(
      model, config.decoderUse, sequences: config.microBatch, length: model.context,
      optimizer: config.optimizer)
    let steps = recorder.stepCount
    let table = ProfileTable(
      try StepProfile(recorder, communicator: communicator), cost: cost,
      // Examples differ in length: their products cannot be counted from the number of micro-batches.
      microBatches: config.isFineTuning ? 0 : Double(config.microBatchesPerStep * steps),
      steps: steps)
    return "\(file.path) shows \(recorder.recentSteps.count) of \(steps) steps; a step has\n"
      + table.description
  }
}
