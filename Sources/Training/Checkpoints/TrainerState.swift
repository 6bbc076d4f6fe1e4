import Configuration
import Files
import Kernels
import Model
import Preflight
import Storage

/// `trainer.json` of a checkpoint: everything that a run needs to resume, besides its weights and the optimizer's state.
package struct TrainerState: Codable, Equatable {
  /// The layout of the checkpoint's files.
  var version = 2
  /// Steps done. With seed and batch, this gives the sampler's position.
  let step: Int
  /// The fingerprint of the dataset.
  package let dataFingerprint: String
  /// The fingerprint of the tokenizer.
  let tokenizerFingerprint: String
  /// The configuration of the run when it wrote the checkpoint.
  package let config: RunConfig
  /// `ProductTrial.fingerprint` of rank 0, which distinguishes the different bits of another machine from wrong bits; nil in checkpoints of
  /// older programs.
  package let productFingerprint: String?
  /// Rank 0's engine of matrix products: a run that resumes with other kernels is warned. Nil in checkpoints of older programs.
  var engine: EngineIdentity?
  /// Present from version 2 on.
  var anomalies: AnomalyState?
  /// The identity of the task in fine-tuning, independent of the name of its file; nil in checkpoints of older programs.
  package var task: String?
  /// A hash of the weights that the run began with; nil for random weights, and in checkpoints of older programs.
  package var origin: String?
  /// The versions in the process that wrote the checkpoint; nil in checkpoints of older programs.
  var versions: Versions?
  /// The keys of `config` that the file has; newer keys have defaults that nobody chose. Not stored in the file; nil for all.
  var knownKeys: Set<String>?

  private enum CodingKeys: CodingKey {
    case version, step, dataFingerprint, tokenizerFingerprint, config, productFingerprint,
      engine, anomalies, task, origin, versions
  }

  static let name = CheckpointStore.trainerName
  package static let optimizerName = CheckpointStore.optimizerName

  /// The state of a run of `config` after `step`.
  package init(
    step: Int, config: RunConfig, dataFingerprint: String, tokenizerFingerprint: String = "",
    productFingerprint: String? = nil, engine: EngineIdentity? = nil,
    anomalies: AnomalyState? = nil, task: String? = nil, origin: String? = nil,
    versions: Versions? = nil
  ) {
    (self.step, self.config, self.dataFingerprint) = (step, config, dataFingerprint)
    (self.tokenizerFingerprint, self.productFingerprint) = (
      tokenizerFingerprint, productFingerprint
    )
    (self.engine, self.anomalies, self.task, self.origin) = (engine, anomalies, task, origin)
    self.versions = versions
  }

  /// Reads the file in a checkpoint's folder. Keys of the configuration that are newer than the checkpoint get their defaults.
  package static func read(_ folder: String) throws -> TrainerState {
    struct Version: Decodable { let version: Int }
    let path = "\(folder)/\(name)"
    let version = try JSONFile.read(Version.self, from: path).version
    guard (1...2).contains(version) else {
      throw InputError(
        "has version \(version); this program reads versions 1 and 2", path: path)
    }
    struct Written: Decodable { let config: JSONKeys }
    var state = try JSONFile.read(
      TrainerState.self, from: path, defaults: ["config": RunConfig()])
    guard 0...1 << 31 ~= state.step else {
      throw InputError(
        "the field step is \(state.step): it must lie between 0 and 2^31", path: path)
    }
    state.knownKeys = try JSONFile.read(Written.self, from: path).config.names
    return state
  }
}

/// The names of a JSON object's fields.
private struct JSONKeys: Decodable {
  let names: Set<String>

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Swift.Decoder) throws {
    names = Set(try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue))
  }
}
