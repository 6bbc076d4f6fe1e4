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

  /// Rank 0's, which has the run directory: the checkpoint to go on from, verified; nil where the run begins.
  static func checkpointToResume(
    _ config: RunConfig, _ store: CheckpointStore
  ) throws -> String? {
    switch config.resume {
    case "auto":
      return try store.newestGood { printError($0 + "\n") }?.folder
    case "never":
      if let newest = try store.candidates().first {
        throw InputError(
          "already exists, and --resume is never: remove it or give another --out",
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

  /// Looks at the run in `--out` as one of this configuration would before it goes on. Rank 0's; nothing is changed.
  ///
  /// - Parameters:
  ///   - dataFingerprint: of the data; nil where they are not here: they are then taken for those of the run
  ///   - dataVocabulary: the token ids of the data; nil likewise
  /// - Returns: what it would go on from, and with which changes; nil where it would begin
  /// - Throws: why it would be refused
  package static func rehearse(
    _ config: RunConfig, dataFingerprint: String?, task: String?, dataVocabulary: Int?
  ) throws -> String? {
    let store = CheckpointStore(config.out + "/checkpoints")
    guard let folder = try checkpointToResume(config, store) else { return nil }
    let saved = try TrainerState.read(folder)
    let changes = try Resumption(
      folder: folder, saved: saved, config: config,
      dataFingerprint: dataFingerprint ?? saved.dataFingerprint, task: task,
      dataVocabulary: dataVocabulary ?? saved.config.vocabulary
    ).changes()
    let report = changes.isEmpty ? "" : ", with " + changes.map(\.report).joined(separator: ", ")
    return
      "the run would go on from \(folder), after step \(saved.step) of \(config.steps)\(report)"
  }

  /// The same for a run of pre-training, as a dry run tells it. Collective.
  public static func rehearse(_ config: RunConfig, _ communicator: Communicator) throws {
    try communicator.onRoot {
      let isHere = Path.exists("\(config.data)/\(DatasetInfo.fileName)")
      let data = isHere ? try TokenDataset(folder: config.data) : nil
      let found = try rehearse(
        config, dataFingerprint: data?.fingerprint, task: nil,
        dataVocabulary: data?.tokenizer.vocabularySize)
      if let found { printError(found + "\n") }
    }
  }
}
