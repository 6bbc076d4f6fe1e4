import Configuration
import Console
import Dist
import Files
import Foundation
import Model
import Storage
import Tokenization
import Training

/// Recomputes steps of a run, on any machine and any number of ranks, and compares them with what the run recorded.
///
/// It begins with the newest good checkpoint before the step, or with the initial weights, and writes nothing into the run directory.
public struct Replay {
  /// The step to recompute, and the paths of its inputs on this machine.
  public struct Request: Sendable, Codable {
    /// The run directory.
    public var run: String
    /// The step, from 1.
    public var step: Int
    /// The one micro-batch of the step to compute, from 0; nil for the whole step.
    public var microBatch: Int?
    /// The folder of the data here; nil for the folder that the run used.
    public var data: String?
    /// The task's file and the initial model here; nil for the paths that the run used.
    public var task, from: String?
    /// Threads per rank; nil for a fair share of the node's CPUs.
    public var threads: Int?

    /// Creates a request.
    public init(
      run: String, step: Int, microBatch: Int?, data: String?, task: String? = nil,
      from: String? = nil,
      threads: Int?
    ) {
      (self.run, self.step, self.microBatch, self.data) = (run, step, microBatch, data)
      (self.task, self.from, self.threads) = (task, from, threads)
    }
  }

  private let request: Request
  private let communicator: Communicator

  /// A replay on all ranks of `communicator`.
  public init(_ request: Request, communicator: Communicator) {
    self.request = request
    self.communicator = communicator
  }

  /// Recomputes and compares. Collective; nil except on rank 0.
  public func run() throws -> ReplayOutcome? {
    try communicator.agree(
      on: JSONFile.encode(request, formatting: .sortedKeys), what: "the options of replay",
      status: 2)
    /// The facts that rank 0 reads from the run directory.
    struct Beginning: Codable {
      struct Earlier: Codable {
        let after: Int
        let config: RunConfig
      }
      let config: RunConfig
      let earlier: [Earlier]
      let knowsSteps: Bool
      let base: Int?
      /// The checkpoint with the shape and the tokenizer, even if the replay begins before it.
      let checkpoint: String?
    }
    var record: RunRecord?
    var found: [UInt8] = []
    try communicator.onRoot {
      let run = try RunRecord(request.run, step: request.step)
      record = run
      let base = run.checkpoint(before: request.step, report: communicator.note)
      let beginning = Beginning(
        config: try configuration(run),
        earlier: run.earlierConfigs.map { .init(after: $0.after, config: $0.config) },
        knowsSteps: run.knowsSteps, base: base?.step,
        checkpoint: (base ?? run.checkpoints.first { $0.verify().isEmpty })?.folder)
      found = Array(JSONFile.encode(beginning, formatting: .sortedKeys).utf8)
    }
    found = try communicator.broadcast(found)
    let beginning = try JSONFile.decode(Beginning.self, found, path: request.run)
    let session = try TrainingSession(
      beginning.config, communicator: communicator, checkpoint: beginning.checkpoint,
      derivesSteps: !beginning.knowsSteps, clock: ContinuousClock())
    var outcome = record.map { ReplayOutcome(request, session, $0) }
    session.trainer.earlierConfigs = beginning.earlier.map { ($0.after, $0.config) }
    let start = try session.restore(from: {
      try check(beginning.checkpoint, isBase: beginning.base != nil, session)
      return beginning.base == nil ? nil : beginning.checkpoint
    }).step
    if let record {
      outcome?.began(at: start, session, record)
      session.trainer.anomalies.skip(record.skippedSteps)
    }
    try session.trainer.share(session.trainer.anomalies)
    let last = request.microBatch == nil ? request.step : request.step - 1
    if last > start { communicator.note("recomputing steps \(start + 1) to \(last)") }
    for step in stride(from: start + 1, through: last, by: 1) {
      let done = try session.trainer.step(step, stop: false)
      if let record { outcome?.computed(done.record, record) }
    }
    if let microBatch = request.microBatch {
      try communicator.onRoot {
        outcome?.microBatch = try session.trainer.replay(microBatch, of: request.step)
      }
    } else {
      try session.trainer.fill(session.snapshot)
      if let record { outcome?.finished(session, record) }
    }
    return outcome
  }

  /// The run's configuration with the paths and threads of this machine.
  private func configuration(_ run: RunRecord) throws -> RunConfig {
    var config = run.config
    config.threads = request.threads
    config.debug = false
    config.data = request.data ?? config.data
    if let from = request.from {
      guard config.origin != nil else {
        throw UsageError(
          "\(run.folder) began with random weights, not with a model: leave out --from")
      }
      config.from = from
    }
    if let task = request.task {
      guard config.isFineTuning else {
        throw UsageError("\(run.folder) is a pre-training run, which has no task: leave out --task")
      }
      config.task = task
    }
    if let problem = config.problem { throw InputError(problem, path: run.folder) }
    if let microBatch = request.microBatch, microBatch >= config.microBatchesPerStep {
      throw UsageError(
        "a step of \(run.folder) has \(config.microBatchesPerStep) micro-batches: give a --micro-batch-index from 0 to "
          + "\(config.microBatchesPerStep - 1)")
    }
    guard Path.exists(config.data) else {
      throw InputError(
        "does not exist on this machine: give the folder of the run's data with --data",
        path: config.data)
    }
    if let task = config.task, task.hasSuffix(".yaml") || task.hasSuffix(".yml"),
      !Path.exists(task)
    {
      throw InputError(
        "does not exist on this machine: give the run's task file with --task", path: task)
    }
    return config
  }

  /// Throws if the data, the task or the initial model are not those of the run that wrote `checkpoint`.
  private func check(_ checkpoint: String?, isBase: Bool, _ session: TrainingSession) throws {
    let config = session.config
    let hash = try config.origin.flatMap { try ModelFolder.hashOfWeights($0) }
    if !isBase, let origin = config.origin, hash == nil {
      throw InputError(
        "the run began with this model, which is missing, and no checkpoint is older than the step: give the model with --from",
        path: origin)
    }
    guard let checkpoint else { return }
    let saved = try TrainerState.read(checkpoint)
    // The task is checked first: with other labels, the examples differ as well.
    if let was = saved.task, let now = session.task, was != now {
      throw InputError(
        "the run was trained with the task \(was), not \(now): give that task with --task",
        path: config.task)
    }
    if saved.dataFingerprint != session.dataFingerprint {
      throw InputError(
        "these are not the data that the run was trained on: give those with --data",
        path: config.data)
    }
    if !isBase, let was = saved.origin, let origin = config.origin, hash != was {
      throw InputError(
        "does not have the weights that the run began with: give the model that has them with --from",
        path: origin)
    }
  }
}

extension Trainer {
  /// Computes the loss and the gradient of one micro-batch of a step with the current weights, on this rank alone.
  fileprivate func replay(_ microBatch: Int, of step: Int) throws -> ReplayOutcome.MicroBatch {
    let global = globalBatch(of: step)
    guard !global.places[microBatch].isEmpty else {
      throw UsageError(
        "step \(step) is the last one and has only \(counted(global.windows.count, "example")): give a --micro-batch-index from 0 to "
          + "\(global.places.filter { !$0.isEmpty }.count - 1)")
    }
    let weightsHash = state.weights.withBytes { XXH128.hash($0) }
    let loss = try computeAlone(microBatch, of: global).all
    return ReplayOutcome.MicroBatch(
      microBatch: microBatch, windows: global.windows(of: microBatch),
      loss: global.mean(loss, of: microBatch), weightsHash: weightsHash,
      gradientHash: state.gradients.withBytes { XXH128.hash($0) },
      tensors: table.parameters.map { parameter in
        ReplayOutcome.TensorHash(
          name: parameter.name,
          gradientHash: state.gradients[parameter.range].withBytes { XXH128.hash($0) })
      })
  }
}
