import Data
import Dist
import Files
import Model
import Storage
import Tokenization

/// All that a checkpoint holds: weights and optimizer state as they were at one moment, and what goes with them.
struct CheckpointContents: Sendable {
  /// The floats; not written to before `write` has returned.
  let snapshot: Snapshot
  /// The shape of the model, and what stands where in its weights.
  let model: ModelConfig
  let table: ParameterTable
  let tokenizer: Tokenizer
  /// What the model is fine-tuned for; nil for a language model.
  let fineTuning: FineTuning?
  /// Where the run stands.
  let trainer: TrainerState

  /// Bytes that it takes on the disk, with something to spare.
  var bytesOnDisk: Int {
    CheckpointSize(parameters: table.count, trainer.config.optimizer).bytesOnDisk
      + ModelFolder.mostBytes(of: tokenizer)
  }

  /// Writes all files into `folder`; returns the digests that are known without reading them again.
  func write(to folder: String) throws -> [String: FileDigest] {
    try withExtendedLifetime(snapshot) {
      var digests = try ModelFolder.write(
        snapshot.weights, table, model, tokenizer: tokenizer, fineTuning: fineTuning, to: folder)
      let name = TrainerState.optimizerName
      digests[name] = try Safetensors.write(snapshot.optimizerTensors, to: "\(folder)/\(name)")
      digests[TrainerState.name] = try JSONFile.write(
        trainer, to: "\(folder)/\(TrainerState.name)")
      return digests
    }
  }
}
