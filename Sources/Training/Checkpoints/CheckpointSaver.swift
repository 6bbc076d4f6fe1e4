import Buffers
import Configuration
import Files
import Foundation
import Kernels
import Storage
import Tokenization

/// Writes rank 0's checkpoints, one at a time, in a separate thread while training continues.
final class CheckpointSaver {
  private let store: CheckpointStore
  private let keep: Int
  private let keepEvery: Int
  private let onFailure: CheckpointFailurePolicy
  /// Held until a checkpoint in progress is written.
  private let directory: RunDirectory?
  private let clock: ContinuousClock
  private let note: (String) -> Void
  private let task = BackgroundTask<Double>()
  private var underWay: (step: Int, paused: Double)?
  private var failuresInARow = 0
  private var newestGood: String?

  /// Failures in a row after which a run must not continue without checkpoints.
  static let mostFailures = 5

  /// - Parameters:
  ///   - keep: the number of newest checkpoints to keep
  ///   - keepEvery: keep every N-th step's checkpoint permanently; 0 for none
  ///   - note: prints a line that no progress bar overwrites
  init(
    _ store: CheckpointStore, keep: Int, keepEvery: Int, onFailure: CheckpointFailurePolicy,
    directory: RunDirectory?, clock: ContinuousClock, note: @escaping (String) -> Void
  ) {
    (self.store, self.keep, self.keepEvery, self.onFailure) = (store, keep, keepEvery, onFailure)
    (self.directory, self.clock, self.note) = (directory, clock, note)
  }

  /// Finishes a checkpoint in progress, however the run ends.
  deinit { task.wait() }

  /// True while a checkpoint is being written.
  var isWriting: Bool { underWay != nil }

  /// Records that the run continues from `folder`, which has been verified.
  func began(from folder: String) { newestGood = folder }

  /// Starts to write a checkpoint. The previous one must be finished.
  ///
  /// - Parameter paused: seconds for which training was paused
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

  /// Takes the result of the checkpoint in progress; nil if there is none, it is still being written, or it failed.
  ///
  /// - Parameters:
  ///   - waiting: true to wait for its end
  ///   - last: true if no other checkpoint follows
  /// - Throws: if it could not be written and the run must not continue
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

  /// Handles the failure to write a checkpoint.
  ///
  /// - Throws: if the run must not continue
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
