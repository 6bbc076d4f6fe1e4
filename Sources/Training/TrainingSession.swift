import Buffers
import Data
import Dist
import Files
import Kernels
import Model

/// What steps are computed with, made once from a configuration and kept as long as they go on: data, model, memory, threads, trainer.
///
/// Training a run and replaying one begin with it alike.
final class TrainingSession {
  let config: RunConfig
  let communicator: Communicator
  let material: any TrainingMaterial
  let threads: Int
  let plan: MemoryPlan
  let tracing: Tracing?
  let team: ThreadTeam
  let state: ModelState
  let trainer: Trainer
  /// Rank 0's: what checkpoints are read into and written from.
  let snapshot: Snapshot?
  /// Rank 0's, after `restore`: a hash of the weights that the run began with, as far as it is known; nil for random ones.
  private(set) var origin: String?
  /// This rank's engine of matrix products.
  let engine: ProductEngine

  /// Opens the data and takes all memory; refuses, on all ranks together, what cannot be trained. Collective.
  ///
  /// - Parameters:
  ///   - config: the same on all ranks, but for its threads
  ///   - checkpoint: of the run, which then needs no model to begin with; nil where it begins
  ///   - derivesSteps: false where a fine-tuning's `config` has the steps and warm-up that it had
  ///   - trace: the trace file to write at the end; nil for none
  ///   - fault: what a test plants; nil for none
  init(
    _ config: RunConfig, communicator: Communicator, checkpoint: String? = nil,
    derivesSteps: Bool = true, trace: String? = nil, fault: Fault? = nil, clock: ContinuousClock
  ) throws {
    self.communicator = communicator
    try communicator.together { try config.checkShares(ranks: communicator.size) }
    let material: any TrainingMaterial =
      config.isFineTuning
      ? try TaskMaterial(
        config, communicator: communicator, checkpoint: checkpoint, derivesSteps: derivesSteps)
      : try TokenMaterial(config, communicator: communicator)
    self.material = material
    let config = material.config
    self.config = config
    let threads = try TrainingSession.threads(config, communicator)
    self.threads = threads
    let plan = MemoryPlan(
      config, model: material.model, tokensPerWindow: material.training.tokensPerWindow,
      ranks: communicator.size, threads: threads)
    self.plan = plan
    try communicator.together {
      try config.precision.requireSupport()
    }
    try plan.check(config, on: communicator)
    tracing = try trace.map { try Tracing($0, threads: threads, communicator, clock) }
    let check = config.debug ? FiniteCheck() : nil
    let layers = config.stallTimeout > 0 ? LayerObserver(progress: communicator.progress) : nil
    team = ThreadTeam(
      size: threads, observer: ObserverPair.of(ObserverPair.of(tracing?.recorder, check), layers))
    let fingerprints = team.productFingerprints()
    engine = ProductEngine(usesOneDNN: config.precision == .bf16, fingerprints: fingerprints)
    if try communicator.any(fingerprints.count > 1), communicator.isRoot {
      printError(
        "this OpenBLAS returns different bits depending on the thread: restarts, and runs with another number of "
          + "threads, will differ in their last bits; install libopenblas0-pthread to avoid that\n")
    }
    try communicator.compareEngines(engine, isOrdered: config.reduce == .ordered)
    state = ModelState(material.model, training: true, precision: config.precision)
    trainer = try Trainer(
      config, state: state, communicator: communicator, team: team, check: check,
      recorder: tracing?.recorder, training: material.training, validation: material.validation,
      fault: fault, clock: clock)
    snapshot =
      communicator.isRoot
      ? Snapshot(state.table, states: config.optimizer.stateNames.count, team: team) : nil
  }

  /// Refuses, on all ranks, configurations that are not the same. Collective.
  static func agree(on config: RunConfig, _ communicator: Communicator) throws {
    var shared = config
    shared.threads = 0
    for entry in try shared.entries {
      try communicator.agree(on: entry, what: "the configuration", status: 2)
    }
  }

  /// Gives every rank weights, optimizer state and anomalies of a checkpoint, or those that the run begins with; returns the updates
  /// that are done. Collective.
  ///
  /// - Parameters:
  ///   - choose: rank 0's choice of a verified checkpoint; nil for the beginning
  ///   - check: rank 0's look at what stands in that checkpoint, before anything is read of it; throws where it does not fit
  func restore(
    from choose: () throws -> String?, check: (Resumption) throws -> Void = { _ in }
  ) throws -> Int {
    var step = 0
    var anomalies = AnomalyState()
    try communicator.onRoot {
      if let folder = try choose() {
        let saved = try TrainerState.read(folder)
        try check(
          Resumption(
            folder: folder, saved: saved, config: config, dataFingerprint: material.fingerprint,
            task: material.task, dataVocabulary: material.tokenizer.vocabularySize))
        origin = saved.origin
        try ModelFolder.readWeights(folder, into: state)
        try snapshot?.readOptimizer(folder, state.table, names: config.optimizer.stateNames)
        (step, anomalies) = (saved.step, saved.anomalies ?? AnomalyState())
        note("going on from \(folder)")
        if let change = EngineCheck.change(from: saved.engine, to: engine) {
          note("warning: \(change)")
        }
      } else {
        state.table.initialize(state.weights, config: state.config, seed: config.seed, team: team)
        origin = nil
        if let source = try material.begin(state) {
          origin = try ModelFolder.hashOfWeights(config.from)
          note("beginning with the weights of \(source)")
        }
      }
    }
    step = Int(try communicator.allReduce([Double(step)], .max)[0])
    try communicator.broadcast(state.weights)
    if step > 0 {
      try trainer.takeOptimizerState(from: snapshot)
    } else {
      trainer.clearOptimizerState()
    }
    try trainer.share(anomalies)
    state.weightsChanged(team: team)
    return step
  }

  /// What this rank's products make of fixed factors; several where that depends on the thread.
  var productFingerprint: String { engine.products.joined(separator: " ") }

  /// The optimizer's state in the snapshot by name; rank 0's.
  var optimizerState: [(name: String, values: Vector)] {
    Array(zip(config.optimizer.stateNames, snapshot?.moments ?? [])).map { ($0, $1) }
  }

  /// The threads of this rank's team. Collective, whatever the ranks were asked for.
  static func threads(_ config: RunConfig, _ communicator: Communicator) throws -> Int {
    let fair = try ThreadShare.fairThreadCount(communicator)
    return config.threads > 0 ? config.threads : fair
  }

  /// A few lines for people, before the first step.
  var description: String {
    """
    \(communicator.size) rank\(communicator.size == 1 ? "" : "s") on \(communicator.node.nodes) \
    node\(communicator.node.nodes == 1 ? "" : "s"), \(threads) thread\(threads == 1 ? "" : "s") each; \
    \(material.description)
    \(plan.description)
    """
  }

  private func note(_ text: String) {
    if communicator.isRoot { printError(text + "\n") }
  }
}
