import Buffers
import Configuration
import Console
import Data
import Dist
import Files
import Foundation
import Kernels
import Model
import Preflight
import Storage
import Tokenization

/// A pre-training or fine-tuning run, from its configuration to its last checkpoint.
public struct TrainingRun {
  let session: TrainingSession
  let store: CheckpointStore
  /// The run directory, held from before anything in it is read until the end; nil except on rank 0.
  let directory: RunDirectory?
  let clock = ContinuousClock()
  private let versions: Versions

  /// The exit status of a run that checkpointed and stopped on request: run the same command again.
  public static let stoppedStatus: Int32 = 75

  /// Opens the data and takes all memory. Collective: all ranks of `communicator`.
  ///
  /// - Parameters:
  ///   - trace: the trace file to write at the end; nil for none
  ///   - fault: the fault that a test plants; nil for none
  ///   - versions: the versions in this process, for the log and the checkpoints
  package init(
    _ config: RunConfig, communicator: Communicator, trace: String? = nil, fault: Fault? = nil,
    versions: Versions
  ) throws {
    self.versions = versions
    try TrainingSession.agree(on: config, communicator)
    let store = CheckpointStore(config.out + "/checkpoints")
    var directory: RunDirectory?
    var checkpoint: [UInt8] = []
    try communicator.onRoot {
      let own = try RunDirectory(config.out) { printError($0) }
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
  }

  /// The configuration, completed from the data and the initial model.
  var config: RunConfig { session.config }
  var communicator: Communicator { session.communicator }

  /// The outcome of a run.
  public struct Outcome: Sendable, Codable {
    /// Steps done.
    public var step: Int
    /// True if all requested steps are done.
    public var finished: Bool
    /// The newest checkpoint.
    public var checkpoint: String
    /// The last measurement; nil without one.
    public var evaluation: Evaluation?
    /// The best score on the development split and the folder of its model, in fine-tuning; nil without one.
    public var best: BestModel?
    /// The problem if the run had a better model than `best` that could not be written; nil otherwise.
    public var bestProblem: String?
    /// The validation loss of a model that knows only the frequency of each token, in nats; nil in fine-tuning.
    public var unigramValidationLoss: Double?
  }

  /// Trains to the end or until a signal. Collective.
  ///
  /// - Parameter signals: the signals of this rank; one rank that is asked to stop stops all ranks
  public func run(signals: StopSignals) throws -> Outcome {
    do { return try trainToTheEnd(signals) } catch {
      directory?.removeIfUnused()
      throw error
    }
  }

  private func trainToTheEnd(_ signals: StopSignals) throws -> Outcome {
    try communicator.onRoot {
      // Another run may have written here since the first look.
      if let directory, try directory.claim() {
        directory.checkpoint = try TrainingRun.checkpointToResume(config, store)
      }
    }
    var changes: [SettingChange] = []
    let start = try session.restore(from: { directory?.checkpoint }) { resumption in
      changes = try resumption.changes()
      guard !changes.isEmpty else { return }
      let saved = resumption.saved
      let report = saved.config.learningRateReport(changes, to: config, after: saved.step)
      communicator.note(
        "settings changed after step \(saved.step): "
          + changes.map(\.report).joined(separator: ", ") + (report.map { ". \($0)" } ?? ""))
    }
    var outcome = Outcome(
      step: start.step, finished: start.step >= config.steps,
      checkpoint: store.path(of: start.step),
      unigramValidationLoss: session.workload.unigramValidationLoss)
    if outcome.finished {
      if config.resume != .automatic { outcome.checkpoint = config.resume.rawValue }
      outcome.evaluation = MetricsFile.lastEvaluation(folder: config.out)
      try findBest(&outcome)
      communicator.note(
        "\(config.out) is finished: \(start.step) of \(counted(config.steps, "step")). Nothing to do"
      )
      return outcome
    }
    var log: RunLog?
    try communicator.onRoot { log = try begin(at: start.step, changes) }
    let loop = try RunLoop(
      session, store, directory: directory, log: log, from: start, outcome: outcome,
      signals: signals, clock: clock, versions: versions)
    try loop.run()
    outcome = loop.outcome
    outcome.checkpoint = store.path(of: outcome.step)
    try findBest(&outcome)
    if let table = try session.tracing?.finish(config, session.state.config) { log?.note(table) }
    if config.debug { log?.note("seconds by phase, rank 0\n" + session.trainer.clock.table) }
    return outcome
  }

  /// Prepares the run directory for the steps after `start`, on rank 0.
  ///
  /// - Parameter changes: the settings that change from there on
  private func begin(at start: Int, _ changes: [SettingChange]) throws -> RunLog? {
    guard let directory else { return nil }
    try Destination.requireFolder(store.folder, replacing: false)
    let began = try directory.record(config, isBeginning: start == 0)
    let settings = began.changes(to: config).map { ($0.key, $0.new) }
    let log = try RunLog(
      directory, resumingAt: start, settings: Dictionary(uniqueKeysWithValues: settings),
      steps: config.steps, terminal: StandardError.showsBars, clock: clock, wallClock: { Date() })
    try log.start(
      RunStart(
        step: start, host: communicator.host, ranks: communicator.size,
        threads: session.threads, versions: versions))
    // With changed settings, the steps that led to the best model will not be repeated.
    let best = try BestModel.read(config.out)
    let isAhead = (best?.step ?? 0) > start && start > 0 && !changes.isEmpty
    if isAhead, let best {
      communicator.note(
        "the best model, of step \(best.step), is removed: the run restarts at step \(start)")
    }
    if start > 0, config.isFineTuning, !isAhead,
      let top = MetricsFile.bestEvaluation(folder: config.out), let score = top.score,
      best.map({ score.isBetter(than: $0.score) }) ?? true
    {
      communicator.note(
        "warning: \(BestModel.lost(top.step, score, in: config.out)): the best model from here on is that of the "
          + "other steps")
    }
    try BestModel.open(config.out, isNew: start == 0 || isAhead, store.housekeeping)
    communicator.note(versions.line)
    communicator.note(session.description)
    for caution in config.cautions(examples: session.workload.training.count) {
      communicator.note(caution)
    }
    return log
  }

  /// Sets the best model of `outcome`, and the problem if there was a better one that was not kept. Collective.
  private func findBest(_ outcome: inout Outcome) throws {
    let best = try communicator.together { try BestModel.read(config.out) }
    outcome.best = best
    var problem = ""
    if let top = MetricsFile.bestEvaluation(folder: config.out), let score = top.score,
      best.map({ score.isBetter(than: $0.score) }) ?? true
    {
      problem = outcome.bestProblem ?? BestModel.lost(top.step, score, in: config.out)
    } else if best == nil {
      problem = outcome.bestProblem ?? ""
    }
    problem = String(decoding: try communicator.broadcast(Array(problem.utf8)), as: UTF8.self)
    outcome.bestProblem = problem.isEmpty ? nil : problem
  }

  /// The number of threads of this rank's team. Collective, even if the configuration gives it.
  public static func threads(_ config: RunConfig, _ communicator: Communicator) throws -> Int {
    try TrainingSession.threads(config, communicator)
  }

  /// The memory that a pre-training run will take, the number of token ids of its model, and its threads per rank. Collective.
  public static func plan(
    _ config: RunConfig, _ communicator: Communicator
  ) throws -> (memory: MemoryPlan, vocabularySize: Int, threads: Int) {
    let threads = try threads(config, communicator)
    let ids = try communicator.together {
      try config.vocabulary ?? TokenDataset(folder: config.data).info.vocabularySize
    }
    let plan = MemoryPlan(
      config, model: config.model(vocabularySize: ids), ranks: communicator.size, threads: threads)
    return (plan, ids, threads)
  }
}
