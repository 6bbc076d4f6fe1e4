import Buffers
import Configuration
import Data
import Dist
import Files
import Kernels
import Model
import Preflight
import Profiling
import Storage
import Tokenization

/// Everything that steps are computed with, created once from a configuration: data, model, memory, threads, trainer.
///
/// Training and replay both begin with it.
package final class TrainingSession {
  package let config: RunConfig
  package let communicator: Communicator
  let workload: any Workload
  package let threads: Int
  let plan: MemoryPlan
  let tracing: Tracing?
  let team: ThreadTeam
  package let state: ModelState
  package let trainer: Trainer
  /// The memory that checkpoints are read into and written from; nil except on rank 0.
  package let snapshot: Snapshot?
  /// The hash of the weights that the run began with, on rank 0 after `restore`; nil for random weights, or if it is not known.
  private(set) var origin: String?
  /// This rank's engine of matrix products.
  let engine: EngineIdentity

  /// Opens the data and takes all memory; throws on all ranks if the configuration cannot be trained. Collective.
  ///
  /// - Parameters:
  ///   - config: the same on all ranks, except for its threads
  ///   - checkpoint: a checkpoint of the run, which then needs no initial model; nil if the run starts from the beginning
  ///   - derivesSteps: false if the `config` of a fine-tuning run already has the run's steps and warm-up
  ///   - trace: the trace file to write at the end; nil for none
  ///   - fault: the fault that a test plants; nil for none
  package init(
    _ config: RunConfig, communicator: Communicator, checkpoint: String? = nil,
    derivesSteps: Bool = true, trace: String? = nil, fault: Fault? = nil, clock: ContinuousClock
  ) throws {
    self.communicator = communicator
    try communicator.together { try config.checkShares(ranks: communicator.size) }
    let workload: any Workload =
      config.isFineTuning
      ? try TaskWorkload(
        config, communicator: communicator, checkpoint: checkpoint, derivesSteps: derivesSteps)
      : try TokenWorkload(config, communicator: communicator)
    self.workload = workload
    let config = workload.config
    self.config = config
    let threads = try TrainingSession.threads(config, communicator)
    self.threads = threads
    let plan = MemoryPlan(
      config, model: workload.model, tokensPerWindow: workload.training.tokensPerWindow,
      ranks: communicator.size, threads: threads)
    self.plan = plan
    try communicator.together {
      try config.precision.requireSupport()
    }
    try plan.check(config, on: communicator)
    tracing = try trace.map { try Tracing($0, threads: threads, communicator, clock) }
    let check = config.debug ? FiniteCheck() : nil
    let layers = config.stallTimeout != nil ? LayerObserver(progress: communicator.progress) : nil
    team = ThreadTeam(
      size: threads, observer: ObserverPair.of(ObserverPair.of(tracing?.recorder, check), layers))
    let team = team
    engine = try communicator.together {
      try EngineCheck.identity(of: config.decoderUse, on: team)
    }
    if try communicator.any(engine.products.count > 1), communicator.isRoot {
      printError(
        "\(engine.library) returns different bits depending on the thread: restarts, and runs with another number of "
          + "threads, will differ in their last bits"
          + (engine.engine == .openblas ? "; install libopenblas0-pthread to avoid that" : ""))
    }
    try communicator.compareEngines(engine, for: config.reduce)
    state = ModelState(workload.model, training: true, precision: config.precision)
    trainer = try Trainer(
      config, state: state, communicator: communicator, team: team, check: check,
      recorder: tracing?.recorder, training: workload.training, fault: fault, clock: clock)
    snapshot =
      communicator.isRoot
      ? Snapshot(state.table, config.optimizer, team: team) : nil
  }

  /// Throws on all ranks if their configurations differ. Collective.
  static func agree(on config: RunConfig, _ communicator: Communicator) throws {
    var shared = config
    shared.threads = nil
    for entry in shared.entries {
      try communicator.agree(on: entry, what: "the configuration", status: 2)
    }
  }

  /// The point from which steps continue.
  package struct Start {
    /// Steps done.
    package let step: Int
    /// The checkpoint's folder, on rank 0; nil for the initial state.
    let checkpoint: String?
  }

  /// Gives every rank the weights, optimizer state and anomaly state of a checkpoint, or the initial ones. It is the only way to restore,
  /// for runs that begin, resume or go back, and for replays. Collective.
  ///
  /// - Parameters:
  ///   - choose: returns a verified checkpoint, or nil for the initial state; called on rank 0
  ///   - check: checks the checkpoint's `trainer.json` before its tensors are read; called on rank 0; throws if it does not fit
  package func restore(
    from choose: () throws -> String?, check: (Resumption) throws -> Void = { _ in }
  ) throws -> Start {
    var (step, checkpoint) = (0, String?.none)
    var anomalies = AnomalyState()
    try communicator.onRoot {
      checkpoint = try choose()
      if let checkpoint {
        let saved = try read(checkpoint, check: check)
        (step, anomalies) = (saved.step, saved.anomalies ?? AnomalyState())
      } else {
        try initialize()
      }
    }
    step = Int(try communicator.allReduce([Double(step)], .max)[0])
    try communicator.broadcast(state.weights)
    if step > 0 {
      try trainer.takeOptimizerState(from: snapshot)
    } else {
      trainer.optimizer.clear()
    }
    try trainer.share(anomalies)
    state.weightsChanged(team: team)
    return Start(step: step, checkpoint: checkpoint)
  }

  /// Reads the weights and optimizer state of a checkpoint, on rank 0; returns the rest of it.
  private func read(
    _ folder: String, check: (Resumption) throws -> Void
  ) throws -> TrainerState {
    let saved = try TrainerState.read(folder)
    try check(
      Resumption(
        folder: folder, saved: saved, config: config, dataFingerprint: workload.fingerprint,
        task: workload.task, dataVocabulary: workload.tokenizer.vocabularySize))
    origin = saved.origin
    try ModelFolder.readWeights(folder, into: state)
    try snapshot?.readOptimizer(folder)
    communicator.note("resuming from \(folder)")
    if let change = EngineCheck.change(from: saved.engine, to: engine) {
      communicator.note("warning: \(change)")
    }
    return saved
  }

  /// Sets the initial weights, on rank 0.
  private func initialize() throws {
    state.table.initialize(state.weights, config: state.config, seed: config.seed, team: team)
    origin = nil
    if let source = try workload.begin(state) {
      origin = try config.from.map { try ModelFolder.hashOfWeights($0) } ?? nil
      communicator.note("beginning with the weights of \(source)")
    }
  }

  /// The contents of the checkpoint after `step`, in the memory of the snapshot; nil except on rank 0. Collective.
  func checkpoint(after step: Int, by versions: Versions) throws -> CheckpointContents? {
    try trainer.fill(snapshot)
    guard let snapshot else { return nil }
    return CheckpointContents(
      snapshot: snapshot, model: workload.model, table: state.table,
      tokenizer: workload.tokenizer, fineTuning: workload.fineTuning,
      trainer: TrainerState(
        step: step, config: config, dataFingerprint: workload.fingerprint,
        tokenizerFingerprint: workload.tokenizer.fingerprint,
        productFingerprint: productFingerprint, engine: engine, anomalies: trainer.anomalies,
        task: workload.task, origin: origin, versions: versions))
  }

  /// The identity of the task, independent of the name of its file; nil in pre-training.
  package var task: String? { workload.task }

  /// A hash of all data that training reads.
  package var dataFingerprint: String { workload.fingerprint }

  /// The fingerprint of this rank's matrix products; several if it depends on the thread.
  package var productFingerprint: String { engine.products.joined(separator: " ") }

  /// The number of threads of this rank's team. Collective, even if the configuration gives it.
  package static func threads(_ config: RunConfig, _ communicator: Communicator) throws -> Int {
    let fair = try ThreadShare.fairThreadCount(communicator)
    return config.threads ?? fair
  }

  /// A description in a few lines, printed before the first step.
  package var description: String {
    """
    \(communicator.size) rank\(communicator.size == 1 ? "" : "s") on \(communicator.node.nodes) \
    node\(communicator.node.nodes == 1 ? "" : "s"), \(threads) thread\(threads == 1 ? "" : "s") each; \
    \(workload.description)
    \(plan.description)
    """
  }
}
