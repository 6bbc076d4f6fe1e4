import Configuration
import Console
import Dist
import Files
import Foundation
import Inference
import Preflight
import Storage

/// The steps of a run and what happens between them, until the last or a request to stop.
///
/// It owns the run's log, its deadline, its checkpoints under way and the look for stragglers. Every rank has one; all methods are
/// collective.
final class RunLoop {
  let session: TrainingSession
  let store: CheckpointStore
  /// Rank 0's.
  let log: RunLog?
  /// What the run came to so far.
  private(set) var outcome: TrainingRun.Outcome
  private let signals: StopSignals
  private let clock: ContinuousClock
  private let versions: Versions
  /// Rank 0's.
  private let saver: CheckpointSaver?
  private var deadline: Deadline<ContinuousClock.Instant>?
  private var stragglers: Stragglers
  /// True if this rank was asked to stop, by a signal or by the end of the job.
  private var (isAsked, isLate) = (false, false)

  var config: RunConfig { session.config }
  var communicator: Communicator { session.communicator }
  var trainer: Trainer { session.trainer }

  /// - Parameters:
  ///   - directory: rank 0's
  ///   - log: rank 0's
  ///   - start: where the run goes on from
  ///   - outcome: of a run that has done its steps
  ///   - signals: of this rank; one rank that was asked to stop stops all
  ///   - versions: of this process, for the checkpoints
  init(
    _ session: TrainingSession, _ store: CheckpointStore, directory: RunDirectory?, log: RunLog?,
    from start: TrainingSession.Start, outcome: TrainingRun.Outcome, signals: StopSignals,
    clock: ContinuousClock, versions: Versions
  ) throws {
    self.versions = versions
    (self.session, self.store, self.log) = (session, store, log)
    (self.outcome, self.signals, self.clock) = (outcome, signals, clock)
    let (config, communicator) = (session.config, session.communicator)
    saver =
      communicator.isRoot
      ? CheckpointSaver(
        store, keep: config.keep, keepEvery: config.keepEvery ?? 0,
        onFailure: config.onCheckpointFailure, directory: directory, clock: clock
      ) { printError($0) } : nil
    if let checkpoint = start.checkpoint { saver?.began(from: checkpoint) }
    stragglers = Stragglers(
      hosts: try communicator.hosts(),
      microBatches: config.shares(ranks: communicator.size).counts)
    deadline = jobDeadline()
  }

  /// Runs to the end, or until some rank is asked to stop.
  func run() throws {
    let watchdog = try Watchdog.of(config, communicator) { printError($0) }
    defer { watchdog?.stop() }
    while !outcome.finished {
      let done = try step()
      if let anomaly = done.anomaly, let back = try respond(to: anomaly) {
        outcome.step = back
        continue
      }
      outcome.step += 1
      outcome.finished = outcome.step == config.steps
      if let slow = stragglers.add(done.secondsOfRanks, step: done.times.all) { log?.note(slow) }
      let isLast = outcome.finished || done.stops
      if outcome.finished || session.workload.isEvaluationDue(after: outcome.step) {
        try evaluate()
      }
      if isLast || isCheckpointDue(after: outcome.step) { try save(last: isLast) }
      if isLast { return stop() }
    }
  }

  private func isCheckpointDue(after step: Int) -> Bool { step % config.checkpointEvery == 0 }

  /// The next step, logged.
  private func step() throws -> StepOutcome {
    let step = outcome.step + 1
    isAsked = signals.received() != nil || isAsked
    isLate =
      deadline?.isNear(
        at: clock.now, isWriting: isCheckpointDue(after: step) || saver?.isWriting == true) ?? false
    let done = try trainer.step(step, stop: isAsked || isLate)
    try communicator.onRoot {
      try log?.step(done)
      // Going back takes the memory that a checkpoint is written from.
      try settle(waiting: done.anomaly != nil)
    }
    return done
  }

  /// Measures on data that is not trained on.
  private func evaluate() throws {
    let step = outcome.step
    let measured = try trainer.clock.measure(.evaluation) {
      try session.workload.evaluate(
        trainer.decoder, communicator, check: trainer.check, after: step)
    }
    guard let found = measured else { return }
    outcome.evaluation = found
    try communicator.onRoot {
      try log?.evaluation(found)
      guard let score = found.score else { return }
      do {
        try BestModel.keepIfBetter(score, step: step, session, store.housekeeping)
        for text in store.housekeeping.news() { log?.note("warning: \(text)") }
      } catch  where config.onCheckpointFailure == .continue {
        let problem =
          "the model of step \(step), \(score.description), could not be written: \(error)"
        outcome.bestProblem = problem
        log?.note("\(problem). The run continues")
      }
    }
  }

  /// Takes a snapshot, which rank 0 writes as a checkpoint while the training goes on.
  ///
  /// - Parameter last: whether to wait until it is written
  private func save(last: Bool) throws {
    let (step, state, start) = (outcome.step, session.state, clock.now)
    try trainer.clock.measure(.checkpoint) {
      try trainer.compareReplicas(after: step)
      var isReady = true
      try communicator.onRoot {
        // The one before is written from the same memory.
        try settle(waiting: true)
        guard state.table.isFinite(state.weights, team: trainer.team) else {
          throw InputError(
            "step \(step): the weights hold NaN or infinity, so no checkpoint is written; lower "
              + "--learning-rate and run again: the run resumes from the previous checkpoint")
        }
        do { try log?.putBack() } catch {
          isReady = false
          try saver?.failed(step, error, last: last)
        }
      }
      if let contents = try session.checkpoint(after: step, by: versions), isReady {
        saver?.write(contents, paused: start.duration(to: clock.now).seconds)
      }
    }
    guard last else { return }
    try communicator.onRoot { try settle(waiting: true, last: true) }
  }

  /// Rank 0 looks what became of the checkpoint under way, if there is one.
  ///
  /// - Throws: where it could not be written and the run must not go on
  private func settle(waiting: Bool, last: Bool = false) throws {
    guard let written = try saver?.take(waiting: waiting, last: last) else { return }
    try log?.checkpoint(written)
    deadline?.checkpointTook(.seconds(written.secondsPaused + written.secondsWritten))
  }

  /// The run ends here: says why, where it has not done all steps.
  private func stop() {
    guard !outcome.finished else { return }
    let why = isLate ? "before the job's time limit" : "on request"
    communicator.note(
      "stopped \(why) after step \(outcome.step): run the same command again to resume")
  }

  /// All ranks take a checkpoint, or what the run begins with; returns the steps that are done.
  ///
  /// - Parameter choose: rank 0's choice of a verified checkpoint; nil for the beginning
  func goBack(to choose: () throws -> String?) throws -> Int {
    let start = try session.restore(from: choose)
    if let checkpoint = start.checkpoint { saver?.began(from: checkpoint) }
    log?.goBack(to: start.step)
    return start.step
  }

  /// Rank 0's, where Slurm ends the job at some time: it asks all to stop, as a signal to it would.
  private func jobDeadline() -> Deadline<ContinuousClock.Instant>? {
    guard communicator.isRoot,
      let left = SlurmJob.timeLeft(
        environment: ProcessInfo.processInfo.environment, now: .now, askSlurm: SlurmJob.askSqueue)
    else { return nil }
    communicator.note(
      "the job ends in \(duration(left.seconds)): the run checkpoints and stops before that")
    // On a slow disk.
    let bytes = CheckpointSize(parameters: trainer.table.count, config.optimizer).bytes
    return Deadline(
      end: clock.now.advanced(by: left), checkpoint: .seconds(Double(bytes) / 50e6))
  }
}
