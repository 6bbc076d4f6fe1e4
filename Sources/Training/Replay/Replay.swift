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
    /// Threads of a rank; 0 for a fair share of the node's CPUs.
    public var threads: Int

    /// A request.
    public init(run: String, step: Int, leaf: Int?, data: String?, threads: Int) {
      (self.run, self.step, self.leaf, self.data) = (run, step, leaf, data)
      self.threads = threads
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
    var record: RunRecord?
    var found: [UInt8] = []
    try communicator.onRoot {
      let run = try RunRecord(request.run, step: request.step)
      record = run
      let config = try configuration(run)
      found = Array(JSONFile.encode(config, formatting: .sortedKeys).utf8)
    }
    found = try communicator.broadcast(found)
    let config = try JSONFile.decode(RunConfig.self, found, path: request.run)
    let session = try TrainingSession(
      config, communicator: communicator, clock: ContinuousClock())
    var outcome = record.map { ReplayOutcome(request, session, $0) }
    let start = try session.restore {
      guard let record else { return nil }
      return try base(record, session)?.folder
    }
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
    if let problem = config.problem { throw InputError(problem, path: run.folder) }
    if let leaf = request.leaf, leaf >= config.leaves {
      throw UsageError(
        "a step of \(run.folder) has \(config.leaves) leaves: give a --leaf from 0 to "
          + "\(config.leaves - 1)")
    }
    guard Path.exists(config.data) else {
      throw InputError(
        "there is no such folder here: give the run's data with --data", path: config.data)
    }
    return config
  }

  /// The checkpoint to begin with, of the same data; nil for the initial weights.
  private func base(_ run: RunRecord, _ session: TrainingSession) throws -> Checkpoint? {
    let base = run.checkpoint(before: request.step, report: note)
    let known = base ?? run.checkpoints.last
    if let known,
      try TrainerState.read(known.folder).dataFingerprint != session.material.fingerprint
    {
      throw InputError(
        "the run was trained on other data than these: give its own with --data",
        path: session.config.data)
    }
    return base
  }

  private func note(_ text: String) {
    if communicator.isRoot { printError(text + "\n") }
  }
}

extension Trainer {
  /// The loss and the gradient of one leaf of a step with the weights as they are, by this rank alone.
  func compute(_ leaf: Int, of step: Int) throws -> ReplayOutcome.Leaf {
    let windows = windows(of: step)
    let batch = try self.batch(leaf, of: step)
    let weightsHash = state.weights.withBytes { XXH128.hash($0) }
    team.clear(state.gradients)
    forward(batch, of: step)
    let losses = decoder.backward(divisor: divisor, addingTo: state.gradients)
    return ReplayOutcome.Leaf(
      leaf: leaf, windows: Array(windows[samples(of: leaf)]),
      loss: sum(losses, of: batch).all / (Double(config.microBatch) * training.divisorPerWindow),
      weightsHash: weightsHash,
      gradientHash: state.gradients.withBytes { XXH128.hash($0) },
      tensors: table.parameters.map { parameter in
        ReplayOutcome.TensorHash(
          name: parameter.name,
          gradientHash: state.gradients[parameter.range].withBytes { XXH128.hash($0) })
      })
  }
}
