import Configuration
import Data
import Dist
import Files
import Foundation
import Kernels
import Model
import Storage

// Which checkpoint a run goes on from.
extension TrainingRun {
  /// Rank 0's, which has the run directory: the checkpoint to go on from, verified; nil where the run begins.
  static func checkpointToResume(
    _ config: RunConfig, _ store: CheckpointStore
  ) throws -> String? {
    switch config.resume {
    case .automatic:
      return try store.newestGood { printError($0) }?.folder
    case .never:
      if let newest = try store.candidates().first {
        throw InputError(
          "already exists, and --resume is never: remove it or give another --out",
          path: newest.folder)
      }
      return nil
    case .from(let folder):
      guard Path.exists(folder) else {
        throw InputError(
          "there is no such checkpoint; --resume takes auto, never or a checkpoint's folder",
          path: folder)
      }
      if let problem = SumsFile.verify(folder).first { throw problem }
      let step = try TrainerState.read(folder).step
      if let newer = try store.candidates().first, newer.step > step {
        // A plain restart would take the newer one and drop what was trained from here.
        throw InputError(
          "is newer than \(folder): give another --out to go on from there, or remove the newer "
            + "checkpoints",
          path: newer.folder)
      }
      return folder
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
      dataVocabulary: dataVocabulary ?? saved.config.vocabulary ?? 0
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
      if let found { printError(found) }
    }
  }
}
