import Configuration
import Console
import Dist
import Files
import Foundation
import Inference
import Preflight
import Storage

/// The loop of a run: its steps and the work between them, until the last step or a request to stop.
///
/// It owns the run's log, its deadline, the checkpoint in progress and the search for stragglers. Every rank has one; all methods
/// are collective.
final class RunLoop {
  let session: TrainingSession
  let store: CheckpointStore
  /// Nil except on rank 0.
  let log: RunLog?
  /// The outcome so far.
  private(set) var outcome: TrainingRun.Outcome
  private let signals: StopSignals
  private let clock: ContinuousClock
  private let versions: Versions
  /// Nil except on rank 0.
  private let saver: CheckpointSaver?
  private var deadline: Deadline<ContinuousClock.Instant>?
  private var stragglers: Stragglers
  /// True if this rank was asked to stop, by a signal or by the end of the job.
  private var (isAsked, isLate) = (false, false)

  var config: RunConfig { session.config }
  var communicator: Communicator { session.communicator }
  var trainer: Trainer { session.trainer }

  /// - Parameters:
  ///   - directory: nil except on rank 0
  ///   - log: nil except on rank 0
  ///   - start: the point from which the run continues
  ///   - outcome: the outcome after the steps done so far
  ///   - signals: the signals of this rank; one rank that is asked to stop stops all ranks
  ///   - versions: the versions in this process, for the checkpoints
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

  /// Runs to the end, or until any rank is asked to stop.
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

  /// Computes and logs the next step.
  private func step() throws -> StepOutcome {
    let step = outcome.step + 1
    isAsked = signals.received() != nil || isAsked
    isLate =
      deadline?.isNear(
        at: clock.now, isWriting: isCheckpointDue(after: step) || saver?.isWriting == true) ?? false
    let done = try trainer.step(step, stop: isAsked || isLate)
    try communicator.onRoot {
      try log?.step(done)
      // Going back uses the memory from which a checkpoint is written.
      try settle(waiting: done.anomaly != nil)
    }
    return done
  }

  /// Evaluates the model on data that it is not trained on.
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

  /// Takes a snapshot, which rank 0 writes as a checkpoint while training continues.
  ///
  /// - Parameter last: true to wait until it is written
  private func save(last: Bool) throws {
    let (step, state, start) = (outcome.step, session.state, clock.now)
    try trainer.clock.measure(.checkpoint) {
      try trainer.compareReplicas(after: step)
      var isReady = true
      try communicator.onRoot {
        // The previous checkpoint is written from the same memory.
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

  /// Takes the result of the checkpoint in progress, if there is one, on rank 0.
  ///
  /// - Throws: if it could not be written and the run must not continue
  private func settle(waiting: Bool, last: Bool = false) throws {
    guard let written = try saver?.take(waiting: waiting, last: last) else { return }
    try log?.checkpoint(written)
    deadline?.checkpointTook(.seconds(written.secondsPaused + written.secondsWritten))
  }

  /// Reports why the run ends here, unless all steps are done.
  private func stop() {
    guard !outcome.finished else { return }
    let why = isLate ? "before the job's time limit" : "on request"
    communicator.note(
      "stopped \(why) after step \(outcome.step): run the same command again to resume")
  }

  /// Restores a checkpoint, or the initial state, on all ranks; returns the number of steps done.
  ///
  /// - Parameter choose: returns a verified checkpoint, or nil for the initial state; called on rank 0
  func goBack(to choose: () throws -> String?) throws -> Int {
    let start = try session.restore(from: choose)
    if let checkpoint = start.checkpoint { saver?.began(from: checkpoint) }
    log?.goBack(to: start.step)
    return start.step
  }

  /// The end of the Slurm job, on rank 0; nil on other ranks and without a time limit. Near it, rank 0 asks all ranks to stop, as a
  /// signal to rank 0 would.
  private func jobDeadline() -> Deadline<ContinuousClock.Instant>? {
    guard communicator.isRoot,
      let left = SlurmJob.timeLeft(
        environment: ProcessInfo.processInfo.environment, now: .now, askSlurm: SlurmJob.askSqueue)
    else { return nil }
    communicator.note(
      "the job ends in \(duration(left.seconds)): the run checkpoints and stops before that")
    // The first estimate assumes a slow disk: 50 MB/s.
    let bytes = CheckpointSize(parameters: trainer.table.count, config.optimizer).bytes
    return Deadline(
      end: clock.now.advanced(by: left), checkpoint: .seconds(Double(bytes) / 50e6))
  }
}
