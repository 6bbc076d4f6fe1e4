import Data
import Dist
import Files
import Model
import Storage
import Tokenization

/// The contents of a checkpoint: a snapshot of weights and optimizer state, and the descriptions of model and run.
struct CheckpointContents: Sendable {
  /// The floats; they must not change until `write` has returned.
  let snapshot: Snapshot
  /// The shape of the model.
  let model: ModelConfig
  /// The places of the tensors in the weights.
  let table: ParameterTable
  let tokenizer: Tokenizer
  /// The task that the model is fine-tuned for; nil for a language model.
  let fineTuning: FineTuning?
  /// The state of the run.
  let trainer: TrainerState

  /// Bytes on disk, with a margin.
  var bytesOnDisk: Int {
    CheckpointSize(parameters: table.count, trainer.config.optimizer).bytesOnDisk
      + ModelFolder.mostBytes(of: tokenizer)
  }

  /// Writes all files into `folder`; returns the digests that are known without reading the files again.
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
