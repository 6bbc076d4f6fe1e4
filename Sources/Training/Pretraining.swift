import Buffers
import Data
import Dist
import Files
import Foundation
import Kernels
import Model

/// A pre-training run from its configuration to its last checkpoint.
public struct Pretraining {
  /// Nothing in the run reads anything else.
  public let config: RunConfig

  let communicator: Communicator
  private let trace: String?
  private let fault: Fault?
  let clock = ContinuousClock()

  /// The exit status of a run that checkpointed and stopped on request: start it again.
  public static let stoppedStatus: Int32 = 75

  /// A run of all ranks of `communicator`.
  ///
  /// - Parameters:
  ///   - trace: the trace file to write at the end; nil for none
  ///   - fault: what a test plants; nil for none
  public init(
    _ config: RunConfig, communicator: Communicator, trace: String? = nil, fault: Fault? = nil
  ) {
    self.config = config
    self.trace = trace
    self.fault = fault
    self.communicator = communicator
  }

  /// How a run ended.
  public struct Outcome: Sendable, Codable {
    /// Updates done.
    public var step: Int
    /// Whether all updates that were asked for are done.
    public var finished: Bool
    /// The newest checkpoint.
    public var checkpoint: String
    /// Of the last measurement, in nats; nil without one.
    public var validationLoss: Double?
    /// The validation loss of a model that knows nothing but how often each token occurs, in nats.
    public var unigramValidationLoss: Double?
  }

  /// Trains to the end or until a signal. Collective.
  ///
  /// - Parameter signals: of this rank; one rank that was asked to stop stops all
  public func run(signals: StopSignals) throws -> Outcome {
    var shared = config
    shared.threads = 0
    for entry in try shared.entries {
      try communicator.agree(on: entry, what: "the configuration", status: 2)
    }
    try communicator.together { try config.checkShares(ranks: communicator.size) }
    let dataset = try communicator.together { try TokenDataset(folder: config.data) }
    try communicator.onRoot { try dataset.verifyHashes() }
    try communicator.agree(on: dataset.fingerprint, what: "the data in \(config.data)")
    let model = try communicator.together { try Pretraining.shape(config, over: dataset) }
    let training = try communicator.together {
      try Windows(dataset, split: .train, length: model.context)
    }
    let validation =
      dataset.info.validation.tokens > model.context
      ? try Windows(dataset, split: .validation, length: model.context) : nil
    let threads = try Pretraining.threads(config, communicator)
    let plan = MemoryPlan(
      config, model: model, ranks: communicator.size, threads: threads)
    try communicator.together {
      try config.precision.requireSupport()
      try plan.check(on: communicator)
    }
    let tracing = try trace.map { try Tracing($0, threads: threads, communicator, clock) }
    let check = config.debug ? FiniteCheck() : nil
    let team = ThreadTeam(size: threads, observer: ObserverPair.of(tracing?.recorder, check))
    if try communicator.any(team.productFingerprints().count > 1) {
      note(
        "this BLAS gives other bits on other threads: runs of another number of threads, and restarts, will "
          + "differ in their last bits")
    }
    let state = ModelState(model, training: true, precision: config.precision)
    let trainer = Trainer(
      config, state: state, communicator: communicator, team: team, check: check,
      recorder: tracing?.recorder, training: training, validation: validation, fault: fault,
      clock: clock)
    let store = CheckpointStore(config.out + "/checkpoints")
    let saver =
      communicator.isRoot
      ? CheckpointSaver(
        config, state: state,
        snapshot: Snapshot(
          state.table, states: config.optimizer.stateNames.count, team: team), store: store,
        dataset: dataset, note: note) : nil
    let session = Session(
      trainer: trainer, state: state, store: store, dataset: dataset, saver: saver)
    let start = try restore(session) { try checkpointToResume(store) }
    var outcome = Outcome(
      step: start, finished: start >= config.steps, checkpoint: store.path(of: start),
      unigramValidationLoss: dataset.info.unigramValidationLoss)
    if outcome.finished {
      if config.resume != "auto" { outcome.checkpoint = config.resume }
      outcome.validationLoss = RunLog.lastValidationLoss(folder: config.out)
      note("\(config.out) is finished: \(start) of \(config.steps) steps. Nothing to do")
      return outcome
    }
    var log: RunLog?
    try communicator.onRoot {
      try FolderCommit.create(config.out)
      log = try RunLog(
        folder: config.out, resumingAt: start, steps: config.steps,
        terminal: isatty(STDERR_FILENO) == 1, clock: clock)
      try FileWriter.write(try config.yaml, to: config.out + "/config.yaml")
      note(describe(model, plan, threads, dataset))
    }
    try train(session, &outcome, log: log, signals: signals)
    outcome.checkpoint = store.path(of: outcome.step)
    if let table = try tracing?.finish(config, model) { log?.note(table) }
    if config.debug { log?.note("seconds by phase, rank 0\n" + trainer.phaseTable) }
    return outcome
  }

  /// The steps, and what happens between them, until the last or a request to stop.
  private func train(
    _ session: Session, _ outcome: inout Outcome, log: RunLog?, signals: StopSignals
  ) throws {
    let trainer = session.trainer
    var deadline = deadline(for: trainer)
    var (asked, late) = (false, false)
    while !outcome.finished {
      let step = outcome.step + 1
      let saves = step % config.checkpointEvery == 0
      asked = signals.received() != nil || asked
      late =
        deadline?.isNear(at: clock.now, isWriting: saves || session.saver?.isWriting == true)
        ?? false
      let result = try trainer.step(step, stop: asked || late)
      try communicator.onRoot {
        try log?.step(result.metrics)
        // Going back takes the memory that a checkpoint is written from.
        try settle(session, log, &deadline, waiting: result.anomaly != nil)
      }
      if let anomaly = result.anomaly, let back = try respond(to: anomaly, session, log) {
        outcome.step = back
        continue
      }
      outcome.step = step
      outcome.finished = step == config.steps
      let isDue = config.evaluateEvery > 0 && step % config.evaluateEvery == 0
      if outcome.finished || isDue, let loss = try trainer.validationLoss() {
        outcome.validationLoss = loss
        try communicator.onRoot { try log?.validation(.init(step: step, validationLoss: loss)) }
      }
      if outcome.finished || result.stops || saves {
        try save(step, session, log, &deadline, last: outcome.finished || result.stops)
      }
      if result.stops, !outcome.finished {
        let why = late ? "before the job's time limit" : "on request"
        note("stopped \(why) after step \(step): start the same command again to go on")
        return
      }
    }
  }

  /// Rank 0's, where Slurm ends the job at some time: it asks all to stop, as a signal to it would.
  private func deadline(for trainer: Trainer) -> Deadline<ContinuousClock.Instant>? {
    guard communicator.isRoot,
      let left = SlurmJob.timeLeft(
        environment: ProcessInfo.processInfo.environment, now: .now, askSlurm: SlurmJob.askSqueue)
    else { return nil }
    note("the job ends in \(duration(left.seconds)): the run stops before, with a checkpoint")
    // Weights and two moments on a slow disk.
    let bytes = trainer.table.count * 3 * MemoryLayout<Float>.size
    return Deadline(
      end: clock.now.advanced(by: left), checkpoint: .seconds(Double(bytes) / 50e6))
  }

  private func checkpointToResume(_ store: CheckpointStore) throws -> String? {
    switch config.resume {
    case "auto":
      return try store.newestGood(report: note)?.folder
    case "never":
      if let newest = try store.candidates().first {
        throw InputError(
          "exists already, and --resume never was asked for: remove it or give another --out",
          path: newest.folder)
      }
      return nil
    default:
      guard Path.exists(config.resume) else {
        throw InputError(
          "there is no such checkpoint; --resume takes auto, never or a checkpoint's folder",
          path: config.resume)
      }
      if let problem = SumsFile.verify(config.resume).first { throw problem }
      let step = try TrainerState.read(config.resume).step
      if let newer = try store.candidates().first, newer.step > step {
        // A plain restart would take the newer one and drop what was trained from here.
        throw InputError(
          "is newer than \(config.resume): give another --out to go on from there, or remove the newer "
            + "checkpoints",
          path: newer.folder)
      }
      return config.resume
    }
  }

  func checkShape(
    of folder: String, _ model: ModelConfig, _ dataset: TokenDataset
  ) throws {
    let found = try ModelFolder.config(folder)
    let sizes: [(String, KeyPath<ModelConfig, Int>)] = [
      ("vocabulary", \.vocabularySize), ("context", \.context), ("width", \.width),
      ("layers", \.layers), ("heads", \.heads),
    ]
    for (name, size) in sizes where found[keyPath: size] != model[keyPath: size] {
      throw InputError(
        "has \(name) \(found[keyPath: size]), but the run has \(model[keyPath: size]): "
          + (name == "vocabulary"
            ? "prepare the data with the model's tokenizer (prepare --tokenizer \(folder))"
            : "give --\(name) \(found[keyPath: size])"),
        path: folder)
    }
    if found.layerNormEpsilon != model.layerNormEpsilon {
      throw InputError(
        "has layer_norm_epsilon \(found.layerNormEpsilon); only \(model.layerNormEpsilon) is trained",
        path: folder)
    }
    if Path.exists("\(folder)/vocab.json"),
      try Tokenizer.load(folder: folder).fingerprint != dataset.tokenizer.fingerprint
    {
      throw InputError(
        "has another tokenizer than \(config.data): prepare the data with the model's (prepare "
          + "--tokenizer \(folder))",
        path: folder)
    }
  }

  /// The model's shape: at least as many token ids as the data has.
  static func shape(_ config: RunConfig, over dataset: TokenDataset) throws -> ModelConfig {
    let model = config.model(vocabularySize: dataset.info.vocabularySize)
    guard model.vocabularySize >= dataset.info.vocabularySize else {
      throw InputError(
        "holds ids of \(dataset.info.vocabularySize) tokens, more than the model's vocabulary of "
          + "\(model.vocabularySize): give a larger --vocabulary, or 0 for that of the data",
        path: config.data)
    }
    return model
  }

  /// The threads of this rank's team. Collective, whatever the ranks were asked for.
  public static func threads(_ config: RunConfig, _ communicator: Communicator) throws -> Int {
    let fair = try ThreadShare.fairThreadCount(communicator)
    return config.threads > 0 ? config.threads : fair
  }

  private func describe(
    _ model: ModelConfig, _ plan: MemoryPlan, _ threads: Int, _ dataset: TokenDataset
  ) -> String {
    """
    \(communicator.size) rank\(communicator.size == 1 ? "" : "s") on \(communicator.node.nodes) \
    node\(communicator.node.nodes == 1 ? "" : "s"), \(threads) thread\(threads == 1 ? "" : "s") each; \
    \(config.batch) sequences of \(model.context) tokens a step
    \(plan.description)
    unigram entropy of the training tokens \(format(dataset.info.unigramEntropy, 4)) nats
    """
  }

  func note(_ text: String) {
    if communicator.isRoot { printError(text + "\n") }
  }
}
