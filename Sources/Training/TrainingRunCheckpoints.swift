import Data
import Dist
import Files
import Foundation
import Kernels
import Model

// Where a run comes from and goes back to, and how it is saved.
extension TrainingRun {
  /// All ranks take a checkpoint, or what the run begins with; returns the updates that are done. Collective.
  ///
  /// - Parameters:
  ///   - choose: rank 0's choice of a verified checkpoint; nil for the beginning
  ///   - check: rank 0's look at it; throws where it does not fit
  func restore(
    from choose: () throws -> String?, check: (Resumption) throws -> Void = { _ in }
  ) throws -> Int {
    try session.restore(
      from: {
        let folder = try choose()
        if let folder { saver?.began(from: folder) }
        return folder
      }, check: check)
  }

  /// Takes a snapshot, which rank 0 writes as a checkpoint while the training goes on. Collective.
  ///
  /// - Parameter last: whether to wait until it is written
  func save(
    _ step: Int, _ log: RunLog?, _ deadline: inout Deadline<ContinuousClock.Instant>?,
    last: Bool
  ) throws {
    let state = session.state
    let start = clock.now
    try trainer.measure(.checkpoint) {
      try trainer.compareReplicas(after: step)
      var isReady = true
      try communicator.onRoot {
        // The one before is written from the same memory.
        try settle(log, &deadline, waiting: true)
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
      try trainer.fill(saver?.snapshot)
      if isReady {
        saver?.write(
          step, anomalies: trainer.anomalies, origin: session.origin,
          paused: start.duration(to: clock.now).seconds,
          clock: clock)
      }
    }
    guard last else { return }
    try communicator.onRoot { try settle(log, &deadline, waiting: true, last: true) }
  }

  /// Rank 0 looks what became of the checkpoint under way, if there is one.
  ///
  /// - Throws: where it could not be written and the run must not go on
  func settle(
    _ log: RunLog?, _ deadline: inout Deadline<ContinuousClock.Instant>?,
    waiting: Bool = false, last: Bool = false
  ) throws {
    guard let written = try saver?.take(waiting: waiting, last: last) else { return }
    try log?.checkpoint(written)
    deadline?.checkpointTook(.seconds(written.secondsPaused + written.secondsWritten))
  }
}
