import Configuration
import Data
import Dist
import Files
import Foundation
import Kernels
import Model
import Storage

// The choice of the checkpoint from which a run resumes.
extension TrainingRun {
  /// The verified checkpoint to resume from; nil if the run starts from the beginning. Called on rank 0, which has the run directory.
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
        // A plain restart would take the newer checkpoint and lose the steps trained from this one.
        throw InputError(
          "is newer than \(folder): give another --out to resume from there, or remove the newer "
            + "checkpoints",
          path: newer.folder)
      }
      return folder
    }
  }

  /// Checks the run in `--out` as a run of this configuration would before it resumes. Called on rank 0; changes nothing.
  ///
  /// - Parameters:
  ///   - dataFingerprint: the fingerprint of the data; nil if the data are not here, and are assumed to be the run's
  ///   - dataVocabulary: the number of token ids of the data; nil if the data are not here
  /// - Returns: a sentence with the checkpoint to resume from and the changed settings; nil if the run would start from the beginning
  /// - Throws: the reason why the run would be refused
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
      "the run would resume from \(folder), after step \(saved.step) of \(config.steps)\(report)"
  }

  /// Does the same for a pre-training run and prints the sentence, for a dry run. Collective.
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
