import Buffers
import Configuration
import Files
import Foundation
import Kernels
import Storage
import Tokenization

/// Rank 0's checkpoints: written by a thread of their own while the training goes on, one at a time.
final class CheckpointSaver {
  private let store: CheckpointStore
  private let keep: Int
  private let keepEvery: Int
  private let onFailure: CheckpointFailurePolicy
  /// Held until a checkpoint under way is written.
  private let directory: RunDirectory?
  private let clock: ContinuousClock
  private let note: (String) -> Void
  private let task = BackgroundTask<Double>()
  private var underWay: (step: Int, paused: Double)?
  private var failuresInARow = 0
  private var newestGood: String?

  /// Failures in a row after which nobody should go on without checkpoints.
  static let mostFailures = 5

  /// - Parameters:
  ///   - keep: the newest checkpoints that are kept
  ///   - keepEvery: checkpoints of steps that it divides are kept permanently; 0 for none
  ///   - note: says something beside the progress bar
  init(
    _ store: CheckpointStore, keep: Int, keepEvery: Int, onFailure: CheckpointFailurePolicy,
    directory: RunDirectory?, clock: ContinuousClock, note: @escaping (String) -> Void
  ) {
    (self.store, self.keep, self.keepEvery, self.onFailure) = (store, keep, keepEvery, onFailure)
    (self.directory, self.clock, self.note) = (directory, clock, note)
  }

  /// A checkpoint under way is finished whatever ends the run.
  deinit { task.wait() }

  /// Whether a checkpoint is being written.
  var isWriting: Bool { underWay != nil }

  /// The run goes on from `folder`, which has been verified.
  func began(from folder: String) { newestGood = folder }

  /// Begins to write a checkpoint. The one before is finished.
  ///
  /// - Parameter paused: seconds for which the training stood still
  func write(_ contents: CheckpointContents, paused: Double) {
    precondition(underWay == nil, "two checkpoints at once")
    let step = contents.trainer.step
    underWay = (step, paused)
    let (store, keep, keepEvery, clock) = (store, keep, keepEvery, clock)
    task.start {
      let start = clock.now
      try store.save(
        step: step, keep: keep, keepEvery: keepEvery, bytes: contents.bytesOnDisk,
        contents.write)
      return start.duration(to: clock.now).seconds
    }
  }

  /// What became of the checkpoint under way; nil where none is, or it goes on and is not waited for.
  ///
  /// - Parameters:
  ///   - waiting: whether to wait for its end
  ///   - last: whether no other checkpoint follows
  /// - Throws: where it could not be written and the run must not go on
  func take(waiting: Bool, last: Bool = false) throws -> CheckpointMetrics? {
    guard let (step, paused) = underWay, let result = task.take(waiting: waiting) else {
      return nil
    }
    underWay = nil
    for text in store.housekeeping.news() { note("warning: \(text)") }
    switch result {
    case .success(let written):
      failuresInARow = 0
      newestGood = store.path(of: step)
      return CheckpointMetrics(
        step: step, checkpoint: "checkpoints/" + Path.name(store.path(of: step)),
        secondsPaused: paused,
        secondsWritten: written)
    case .failure(let error):
      try failed(step, error, last: last)
      return nil
    }
  }

  /// A checkpoint could not be written.
  ///
  /// - Throws: where the run must not go on
  func failed(_ step: Int, _ error: any Error, last: Bool) throws {
    failuresInARow += 1
    let kept =
      newestGood.map { "\($0) is the newest good checkpoint" } ?? "there is no earlier checkpoint"
    let what = "the checkpoint of step \(step) could not be written: \(error)"
    if last || onFailure == .stop || failuresInARow >= Self.mostFailures {
      let times = failuresInARow > 1 ? " (\(failuresInARow) failures in a row)" : ""
      throw InputError(
        "\(what)\(times). Training stops here; \(kept). Fix the cause and run the same command "
          + "again to resume")
    }
    note("\(what). The run continues and tries again at its next checkpoint; \(kept)")
  }
}
