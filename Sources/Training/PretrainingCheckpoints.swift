import Data
import Dist
import Files
import Foundation
import Kernels
import Model

// Where a run comes from and goes back to, and how it is saved.
extension Pretraining {
  /// What the steps of a run work on.
  struct Session {
    let trainer: Trainer
    let state: ModelState
    let store: CheckpointStore
    let dataset: TokenDataset
    /// Rank 0's.
    let saver: CheckpointSaver?
  }

  /// Gives every rank weights, optimizer state and anomalies of a checkpoint, or those that the run begins with; returns the updates
  /// that are done. Collective.
  ///
  /// - Parameter choose: rank 0's choice of a verified checkpoint; nil for the beginning
  func restore(_ session: Session, from choose: () throws -> String?) throws -> Int {
    let (trainer, state) = (session.trainer, session.state)
    var step = 0
    var anomalies = AnomalyState()
    try communicator.onRoot {
      if let folder = try choose() {
        let saved = try TrainerState.read(folder)
        if let reason = saved.obstacle(
          config: config, dataFingerprint: session.dataset.fingerprint)
        {
          throw InputError(reason, path: folder)
        }
        try ModelFolder.readWeights(folder, into: state)
        try session.saver?.snapshot.readOptimizer(
          folder, state.table, names: config.optimizer.stateNames)
        (step, anomalies) = (saved.step, saved.anomalies ?? AnomalyState())
        session.saver?.began(from: folder)
        note("going on from \(folder)")
      } else if config.from.isEmpty {
        state.table.initialize(
          state.weights, config: state.config, seed: config.seed, team: trainer.team)
      } else {
        try checkShape(of: config.from, state.config, session.dataset)
        try ModelFolder.readWeights(config.from, into: state)
        note("beginning with the weights of \(config.from)")
      }
    }
    step = Int(try communicator.allReduce([Double(step)], .max)[0])
    try communicator.broadcast(state.weights)
    if step > 0 {
      try trainer.takeOptimizerState(from: session.saver?.snapshot)
    } else {
      trainer.clearOptimizerState()
    }
    try trainer.share(anomalies)
    state.weightsChanged(team: trainer.team)
    return step
  }

  /// Takes a snapshot, which rank 0 writes as a checkpoint while the training goes on. Collective.
  ///
  /// - Parameter last: whether to wait until it is written
  func save(
    _ step: Int, _ session: Session, _ log: RunLog?,
    _ deadline: inout Deadline<ContinuousClock.Instant>?, last: Bool
  ) throws {
    let (trainer, state) = (session.trainer, session.state)
    let start = clock.now
    try trainer.measure(.checkpoint) {
      var isReady = true
      try communicator.onRoot {
        // The one before is written from the same memory.
        try settle(session, log, &deadline, waiting: true)
        guard state.table.isFinite(state.weights, team: trainer.team) else {
          throw InputError(
            "step \(step): the weights hold NaN or infinity, and no checkpoint is made of them; lower "
              + "--learning-rate and start again: the run goes on from the checkpoint before")
        }
        do { try log?.putBack(config: try config.yaml) } catch {
          isReady = false
          try session.saver?.failed(step, error, last: last)
        }
      }
      try trainer.fill(session.saver?.snapshot)
      if isReady {
        session.saver?.write(
          step, anomalies: trainer.anomalies, paused: start.duration(to: clock.now).seconds,
          clock: clock)
      }
    }
    guard last else { return }
    try communicator.onRoot { try settle(session, log, &deadline, waiting: true, last: true) }
  }

  /// Rank 0 looks what became of the checkpoint under way, if there is one.
  ///
  /// - Throws: where it could not be written and the run must not go on
  func settle(
    _ session: Session, _ log: RunLog?, _ deadline: inout Deadline<ContinuousClock.Instant>?,
    waiting: Bool = false, last: Bool = false
  ) throws {
    guard let written = try session.saver?.take(waiting: waiting, last: last) else { return }
    try log?.checkpoint(written)
    deadline?.checkpointTook(.seconds(written.secondsPaused + written.secondsWritten))
  }
}
