import Dist
import Files
import Foundation
import Model

/// Steps of a run computed once more, on any machine and any number of ranks, and compared with what the run left.
///
/// It begins with the newest good checkpoint before the step, or with the initial weights, and writes nothing into the run's folder.
public struct Replay {
  /// What is to be computed again.
  public struct Request: Sendable, Codable {
    /// The run directory.
    public var run: String
    /// From 1.
    public var step: Int
    /// The one leaf of the step to compute, from 0; nil for the whole step.
    public var leaf: Int?
    /// Where the data lie here; nil for where the run had them.
    public var data: String?
    /// Where the task's file lies here, and the model that the run began with; nil for where the run had them.
    public var task, from: String?
    /// Threads of a rank; 0 for a fair share of the node's CPUs.
    public var threads: Int

    /// A request.
    public init(
      run: String, step: Int, leaf: Int?, data: String?, task: String? = nil, from: String? = nil,
      threads: Int
    ) {
      (self.run, self.step, self.leaf, self.data) = (run, step, leaf, data)
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

  /// Computes and compares. Collective; the outcome is rank 0's.
  public func run() throws -> ReplayOutcome? {
    try communicator.agree(
      on: JSONFile.encode(request, formatting: .sortedKeys), what: "what to compute again",
      status: 2)
    /// What rank 0 finds in the run directory.
    struct Beginning: Codable {
      struct Earlier: Codable {
        let after: Int
        let config: RunConfig
      }
      let config: RunConfig
      let earlier: [Earlier]
      let knowsSteps: Bool
      let base: Int?
      /// Whose shape and tokenizer serve, even where the replay begins before it.
      let checkpoint: String?
    }
    var record: RunRecord?
    var found: [UInt8] = []
    try communicator.onRoot {
      let run = try RunRecord(request.run, step: request.step)
      record = run
      let base = run.checkpoint(before: request.step, report: note)
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
    })
    if let record {
      outcome?.began(at: start, session, record)
      session.trainer.anomalies.skip(record.skippedSteps)
    }
    try session.trainer.share(session.trainer.anomalies)
    let last = request.leaf == nil ? request.step : request.step - 1
    if last > start { note("computing steps \(start + 1) to \(last) again") }
    for step in stride(from: start + 1, through: last, by: 1) {
      let result = try session.trainer.step(step, stop: false)
      if let record { outcome?.computed(result.metrics, record) }
    }
    if let leaf = request.leaf {
      try communicator.onRoot {
        outcome?.leaf = try session.trainer.compute(leaf, of: request.step)
      }
    } else {
      try session.trainer.fill(session.snapshot)
      if let record { outcome?.finished(session, record) }
    }
    return outcome
  }

  /// The run's configuration, as far as it decides what is computed, on this machine.
  private func configuration(_ run: RunRecord) throws -> RunConfig {
    var config = run.config
    config.threads = request.threads
    config.debug = false
    config.data = request.data ?? config.data
    if let from = request.from {
      guard config.beginsWithAModel else {
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
    if let leaf = request.leaf, leaf >= config.leaves {
      throw UsageError(
        "a step of \(run.folder) has \(config.leaves) micro-batches: give a --leaf from 0 to "
          + "\(config.leaves - 1)")
    }
    guard Path.exists(config.data) else {
      throw InputError(
        "does not exist on this machine: give the folder of the run's data with --data",
        path: config.data)
    }
    if config.isFineTuning, config.task.hasSuffix(".yaml") || config.task.hasSuffix(".yml"),
      !Path.exists(config.task)
    {
      throw InputError(
        "does not exist on this machine: give the run's task file with --task", path: config.task)
    }
    return config
  }

  /// Refuses data, a task or a model to begin with that are not those of the run that has `checkpoint`.
  private func check(_ checkpoint: String?, isBase: Bool, _ session: TrainingSession) throws {
    let config = session.config
    if !isBase, config.beginsWithAModel, try ModelFolder.hashOfWeights(config.from) == nil {
      throw InputError(
        "the run began with this model, which is missing, and no checkpoint is older than the step: give the model with --from",
        path: config.from)
    }
    guard let checkpoint else { return }
    let saved = try TrainerState.read(checkpoint)
    // First: with other labels the examples are others, too.
    if let was = saved.task, let now = session.material.task, was != now {
      throw InputError(
        "the run was trained with the task \(was), not \(now): give that task with --task",
        path: config.task)
    }
    if saved.dataFingerprint != session.material.fingerprint {
      throw InputError(
        "these are not the data that the run was trained on: give those with --data",
        path: config.data)
    }
    if !isBase, let was = saved.origin, config.beginsWithAModel,
      try ModelFolder.hashOfWeights(config.from) != was
    {
      throw InputError(
        "does not have the weights that the run began with: give the model that has them with --from",
        path: config.from)
    }
  }

  private func note(_ text: String) {
    if communicator.isRoot { printError(text + "\n") }
  }
}

extension Trainer {
  /// The loss and the gradient of one leaf of a step with the weights as they are, by this rank alone.
  func compute(_ leaf: Int, of step: Int) throws -> ReplayOutcome.Leaf {
    let windows = windows(of: step)
    let samples = samples(of: leaf, in: step)
    guard !samples.isEmpty else {
      let leaves = (windows.count + config.microBatch - 1) / config.microBatch
      throw UsageError(
        "step \(step) is the last one and has only \(counted(windows.count, "example")): give a --leaf from 0 to "
          + "\(leaves - 1)")
    }
    let batch = try self.batch(leaf, of: step)
    let weightsHash = state.weights.withBytes { XXH128.hash($0) }
    team.clear(state.gradients)
    forward(batch, of: step)
    let losses = decoder.backward(divisor: divisor(of: step), addingTo: state.gradients)
    return ReplayOutcome.Leaf(
      leaf: leaf, windows: Array(windows[samples]),
      loss: sum(losses, of: batch).all / (Double(samples.count) * training.divisorPerWindow),
      weightsHash: weightsHash,
      gradientHash: state.gradients.withBytes { XXH128.hash($0) },
      tensors: table.parameters.map { parameter in
        ReplayOutcome.TensorHash(
          name: parameter.name,
          gradientHash: state.gradients[parameter.range].withBytes { XXH128.hash($0) })
      })
  }
}
