import Buffers
import Data
import Dist
import Files
import Foundation
import Kernels
import Model

/// A run, of pre-training or of fine-tuning, from its configuration to its last checkpoint.
public struct TrainingRun {
  let session: TrainingSession
  let store: CheckpointStore
  /// Rank 0's, from before anything in it is read to the end.
  let directory: RunDirectory?
  /// Rank 0's.
  let saver: CheckpointSaver?
  let clock = ContinuousClock()

  /// The exit status of a run that checkpointed and stopped on request: start it again.
  public static let stoppedStatus: Int32 = 75

  /// Opens what the run reads and takes all memory. Collective: all ranks of `communicator`.
  ///
  /// - Parameters:
  ///   - trace: the trace file to write at the end; nil for none
  ///   - fault: what a test plants; nil for none
  public init(
    _ config: RunConfig, communicator: Communicator, trace: String? = nil, fault: Fault? = nil
  ) throws {
    try TrainingSession.agree(on: config, communicator)
    let store = CheckpointStore(config.out + "/checkpoints")
    var directory: RunDirectory?
    var checkpoint: [UInt8] = []
    try communicator.onRoot {
      let own = try RunDirectory(config.out) { printError($0 + "\n") }
      directory = own
      guard own.isLocked else { return }
      own.checkpoint = try TrainingRun.checkpointToResume(config, store)
      checkpoint = Array((own.checkpoint ?? "").utf8)
    }
    checkpoint = try communicator.broadcast(checkpoint)
    let session = try TrainingSession(
      config, communicator: communicator,
      checkpoint: checkpoint.isEmpty ? nil : String(decoding: checkpoint, as: UTF8.self),
      trace: trace, fault: fault, clock: clock)
    self.session = session
    self.store = store
    self.directory = directory
    saver = session.snapshot.map {
      CheckpointSaver(session, snapshot: $0, store: store, directory: directory) {
        printError($0 + "\n")
      }
    }
  }

  /// Complete: with what the data and the model that it begins with decide.
  var config: RunConfig { session.config }
  var communicator: Communicator { session.communicator }
  var trainer: Trainer { session.trainer }

  /// How a run ended.
  public struct Outcome: Sendable, Codable {
    /// Updates done.
    public var step: Int
    /// Whether all updates that were asked for are done.
    public var finished: Bool
    /// The newest checkpoint.
    public var checkpoint: String
    /// The last measurement; nil without one.
    public var evaluation: Evaluation?
    /// The best one of the development split and the folder of its model, in fine-tuning; nil without one.
    public var best: BestModel?
    /// Why `best` is not the best that the run had: that one could not be written; nil where it is.
    public var bestProblem: String?
    /// The validation loss of a model that knows nothing but how often each token occurs, in nats; nil in fine-tuning.
    public var unigramValidationLoss: Double?
  }

  /// Trains to the end or until a signal. Collective.
  ///
  /// - Parameter signals: of this rank; one rank that was asked to stop stops all
  public func run(signals: StopSignals) throws -> Outcome {
    do { return try trainToTheEnd(signals) } catch {
      directory?.removeIfUnused()
      throw error
    }
  }

  private func trainToTheEnd(_ signals: StopSignals) throws -> Outcome {
    try communicator.onRoot {
      // What another run left since the first look.
      if let directory, try directory.claim() {
        directory.checkpoint = try TrainingRun.checkpointToResume(config, store)
      }
    }
    var changes: [SettingChange] = []
    let start = try restore(from: { directory?.checkpoint }) { resumption in
      changes = try resumption.changes()
      guard !changes.isEmpty else { return }
      let saved = resumption.saved
      let report = saved.config.learningRateReport(changes, to: config, after: saved.step)
      note(
        "settings changed after step \(saved.step): "
          + changes.map(\.report).joined(separator: ", ") + (report.map { ". \($0)" } ?? ""))
    }
    var outcome = Outcome(
      step: start, finished: start >= config.steps, checkpoint: store.path(of: start),
      unigramValidationLoss: session.material.unigramValidationLoss)
    if outcome.finished {
      if config.resume != "auto" { outcome.checkpoint = config.resume }
      outcome.evaluation = RunLog.lastEvaluation(folder: config.out)
      try findBest(&outcome)
      note("\(config.out) is finished: \(start) of \(counted(config.steps, "step")). Nothing to do")
      return outcome
    }
    var log: RunLog?
    try communicator.onRoot { log = try begin(at: start, changes) }
    try train(&outcome, log: log, signals: signals)
    outcome.checkpoint = store.path(of: outcome.step)
    try findBest(&outcome)
    if let table = try session.tracing?.finish(config, session.state.config) { log?.note(table) }
    if config.debug { log?.note("seconds by phase, rank 0\n" + trainer.phaseTable) }
    return outcome
  }

  /// Rank 0's: the run directory is made ready for the steps after `start`.
  ///
  /// - Parameter changes: settings that are others from there on
  private func begin(at start: Int, _ changes: [SettingChange]) throws -> RunLog? {
    guard let directory else { return nil }
    try Destination.requireFolder(store.folder, replacing: false)
    let began = try directory.record(config, isBeginning: start == 0)
    let settings = try began.changes(to: config).map { ($0.key.rawValue, $0.new) }
    let log = try RunLog(
      directory, resumingAt: start, settings: Dictionary(uniqueKeysWithValues: settings),
      steps: config.steps, terminal: StandardError.showsBars, clock: clock)
    // With other settings the steps that made it will not be made again.
    let best = try BestModel.read(config.out)
    let isAhead = (best?.step ?? 0) > start && start > 0 && !changes.isEmpty
    if isAhead, let best {
      note("the best model, of step \(best.step), is removed: the run restarts at step \(start)")
    }
    if start > 0, config.isFineTuning, !isAhead,
      let top = RunLog.bestEvaluation(folder: config.out), let score = top.score,
      best.map({ score.isBetter(than: $0.score) }) ?? true
    {
      note(
        "warning: \(BestModel.lost(top.step, score, in: config.out)): the best model from here on is that of the "
          + "other steps")
    }
    try BestModel.open(config.out, isNew: start == 0 || isAhead, store.housekeeping)
    note(session.description)
    for caution in config.cautions(examples: session.material.training.count) { note(caution) }
    return log
  }

  /// The steps, and what happens between them, until the last or a request to stop.
  private func train(_ outcome: inout Outcome, log: RunLog?, signals: StopSignals) throws {
    var deadline = deadline()
    var stragglers = Stragglers(
      hosts: try communicator.hosts(), leaves: config.leaves(ofEach: communicator.size))
    let watchdog = try Watchdog.of(config, communicator) { printError($0 + "\n") }
    defer { watchdog?.stop() }
    var (asked, late) = (false, false)
    while !outcome.finished {
      let step = outcome.step + 1
      let saves = step % config.checkpointEvery == 0
      asked = signals.received() != nil || asked
      late =
        deadline?.isNear(at: clock.now, isWriting: saves || saver?.isWriting == true) ?? false
      let result = try trainer.step(step, stop: asked || late)
      try communicator.onRoot {
        try log?.step(result.metrics)
        // Going back takes the memory that a checkpoint is written from.
        try settle(log, &deadline, waiting: result.anomaly != nil)
      }
      if let anomaly = result.anomaly, let back = try respond(to: anomaly, log) {
        outcome.step = back
        continue
      }
      outcome.step = step
      outcome.finished = step == config.steps
      if let slow = stragglers.add(
        result.secondsOfRanks,
        step: result.metrics.secondsCompute + result.metrics.secondsCommunication)
      {
        log?.note(slow)
      }
      if outcome.finished || session.material.isEvaluationDue(after: step) {
        try evaluate(step, &outcome, log)
      }
      if outcome.finished || result.stops || saves {
        try save(step, log, &deadline, last: outcome.finished || result.stops)
      }
      if result.stops, !outcome.finished {
        let why = late ? "before the job's time limit" : "on request"
        note("stopped \(why) after step \(step): run the same command again to resume")
        return
      }
    }
  }

  /// Measures on data that is not trained on. Collective.
  private func evaluate(_ step: Int, _ outcome: inout Outcome, _ log: RunLog?) throws {
    guard let found = try session.material.evaluate(trainer, after: step) else { return }
    outcome.evaluation = found
    try communicator.onRoot {
      try log?.evaluation(found)
      if let score = found.score {
        do {
          try BestModel.keepIfBetter(score, step: step, session, store.housekeeping)
          for text in store.housekeeping.news() { log?.note("warning: \(text)") }
        } catch  where config.onCheckpointFailure == .continue {
          outcome.bestProblem =
            "the model of step \(step), \(score.description), could not be written: \(error)"
          log?.note("\(outcome.bestProblem ?? ""). The run continues")
        }
      }
    }
  }

  /// The best model, and whether there was a better one that was not kept. Collective.
  private func findBest(_ outcome: inout Outcome) throws {
    let best = try communicator.together { try BestModel.read(config.out) }
    outcome.best = best
    var problem = ""
    if let top = RunLog.bestEvaluation(folder: config.out), let score = top.score,
      best.map({ score.isBetter(than: $0.score) }) ?? true
    {
      problem = outcome.bestProblem ?? BestModel.lost(top.step, score, in: config.out)
    } else if best == nil {
      problem = outcome.bestProblem ?? ""
    }
    problem = String(decoding: try communicator.broadcast(Array(problem.utf8)), as: UTF8.self)
    outcome.bestProblem = problem.isEmpty ? nil : problem
  }

  /// Rank 0's, where Slurm ends the job at some time: it asks all to stop, as a signal to it would.
  private func deadline() -> Deadline<ContinuousClock.Instant>? {
    guard communicator.isRoot,
      let left = SlurmJob.timeLeft(
        environment: ProcessInfo.processInfo.environment, now: .now, askSlurm: SlurmJob.askSqueue)
    else { return nil }
    note("the job ends in \(duration(left.seconds)): the run checkpoints and stops before that")
    // Weights and two moments on a slow disk.
    let bytes = trainer.table.count * 3 * MemoryLayout<Float>.size
    return Deadline(
      end: clock.now.advanced(by: left), checkpoint: .seconds(Double(bytes) / 50e6))
  }

  /// The threads of this rank's team. Collective, whatever the ranks were asked for.
  public static func threads(_ config: RunConfig, _ communicator: Communicator) throws -> Int {
    try TrainingSession.threads(config, communicator)
  }

  /// The memory that a run of pre-training will take, and the token ids of its model. Collective.
  public static func plan(
    _ config: RunConfig, _ communicator: Communicator
  ) throws -> (memory: MemoryPlan, vocabularySize: Int, threads: Int) {
    let threads = try threads(config, communicator)
    let ids = try communicator.together {
      config.vocabulary > 0
        ? config.vocabulary : try TokenDataset(folder: config.data).info.vocabularySize
    }
    let plan = MemoryPlan(
      config, model: config.model(vocabularySize: ids), ranks: communicator.size, threads: threads)
    return (plan, ids, threads)
  }

  func note(_ text: String) {
    if communicator.isRoot { printError(text + "\n") }
  }
}
