import Data
import Files
import Kernels
import Foundation
import Model

/// What a run does when a checkpoint cannot be written.
public enum CheckpointFailurePolicy: String, Sendable, Codable, CaseIterable {
  /// It goes on and tries again at the next checkpoint, a few times in a row; the last checkpoint must be written.
  case `continue`
  /// It ends.
  case stop
}

/// Rank 0's checkpoints: taken as a snapshot, written by a thread of their own while the training goes on, one at a time.
final class CheckpointSaver {
  /// What checkpoints are written from.
  let snapshot: Snapshot

  private let config: RunConfig
  private let table: ParameterTable
  private let model: ModelConfig
  private let store: CheckpointStore
  private let tokenizer: Tokenizer
  private let fineTuning: FineTuning?
  private let dataFingerprint: String
  private let engine: ProductEngine
  private let taskIdentity: String?
  /// Held until a checkpoint under way is written.
  private let directory: RunDirectory?
  private let note: (String) -> Void
  private let task = BackgroundTask<Double>()
  private var underWay: (step: Int, paused: Double)?
  private var failuresInARow = 0
  private var newestGood: String?

  /// Failures in a row after which nobody should go on without checkpoints.
  static let mostFailures = 5

  /// - Parameter note: says something beside the progress bar
  init(
    _ session: TrainingSession, snapshot: Snapshot, store: CheckpointStore,
    directory: RunDirectory?, note: @escaping (String) -> Void
  ) {
    (config, model) = (session.config, session.material.model)
    (tokenizer, dataFingerprint) = (session.material.tokenizer, session.material.fingerprint)
    fineTuning = session.material.fineTuning
    (table, engine) = (session.state.table, session.engine)
    (self.snapshot, self.store, self.note) = (snapshot, store, note)
    (self.directory, taskIdentity) = (directory, session.material.task)
  }

  /// A checkpoint under way is finished whatever ends the run.
  deinit { task.wait() }

  /// Whether a checkpoint is being written.
  var isWriting: Bool { underWay != nil }

  /// The run goes on from `folder`, which has been verified.
  func began(from folder: String) { newestGood = folder }

  /// Begins to write the snapshot as the checkpoint of `step`. The one before is finished.
  ///
  /// - Parameters:
  ///   - paused: seconds for which the training stood still
  ///   - origin: a hash of the weights that the run began with
  func write(
    _ step: Int, anomalies: AnomalyState, origin: String?, paused: Double, clock: ContinuousClock
  ) {
    precondition(underWay == nil, "two checkpoints at once")
    underWay = (step, paused)
    let (config, table, model, snapshot) = (config, table, model, snapshot)
    let (store, tokenizer, fineTuning) = (store, tokenizer, fineTuning)
    let trainer = TrainerState(
      step: step, config: config, dataFingerprint: dataFingerprint,
      tokenizerFingerprint: tokenizer.fingerprint,
      productFingerprint: engine.products.joined(separator: " "), engine: engine,
      anomalies: anomalies, task: taskIdentity, origin: origin)
    let names = config.optimizer.stateNames
    let bytes =
      CheckpointSaver.bytes(table, states: names.count) + ModelFolder.mostBytes(of: tokenizer)
    task.start {
      let start = clock.now
      try store.save(step: step, keep: config.keep, keepEvery: config.keepEvery, bytes: bytes) {
        folder in
        try withExtendedLifetime(snapshot) {
          var digests = try ModelFolder.write(
            snapshot.weights, table, model, tokenizer: tokenizer, fineTuning: fineTuning, to: folder
          )
          let tensors = zip(names, snapshot.moments).flatMap {
            table.tensors(of: $1, prefix: $0 + ".")
          }
          let name = TrainerState.optimizerName
          digests[name] = try Safetensors.write(tensors, to: "\(folder)/\(name)")
          digests[TrainerState.name] = try JSONFile.write(
            trainer, to: "\(folder)/\(TrainerState.name)")
          return digests
        }
      }
      return start.duration(to: clock.now).seconds
    }
  }

  /// Bytes that a checkpoint takes on the disk beside its tokenizer, with something to spare for headers.
  private static func bytes(_ table: ParameterTable, states: Int) -> Int {
    let floats = Snapshot.count(table.count, states: states) * MemoryLayout<Float>.stride
    return floats + floats / 50 + 1 << 16
  }

  /// What became of the checkpoint under way; nil where none is, or it goes on and is not waited for.
  ///
  /// - Parameters:
  ///   - waiting: whether to wait for its end
  ///   - last: whether no other checkpoint follows
  /// - Throws: where it could not be written and the run must not go on
  func take(waiting: Bool, last: Bool = false) throws -> RunLog.CheckpointMetrics? {
    guard let (step, paused) = underWay, let result = task.take(waiting: waiting) else {
      return nil
    }
    underWay = nil
    for text in store.housekeeping.news() { note("warning: \(text)") }
    switch result {
    case .success(let written):
      failuresInARow = 0
      newestGood = store.path(of: step)
      return RunLog.CheckpointMetrics(
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
    if last || config.onCheckpointFailure == .stop || failuresInARow >= Self.mostFailures {
      let times = failuresInARow > 1 ? " (\(failuresInARow) failures in a row)" : ""
      throw InputError(
        "\(what)\(times). Training stops here; \(kept). Fix the cause and run the same command "
          + "again to resume")
    }
    note("\(what). The run continues and tries again at its next checkpoint; \(kept)")
  }
}
