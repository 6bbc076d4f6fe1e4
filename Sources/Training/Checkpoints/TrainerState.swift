import Configuration
import Files
import Kernels
import Model
import Preflight
import Storage

/// `trainer.json` of a checkpoint: what a run needs to go on besides its weights and the optimizer's state.
package struct TrainerState: Codable, Equatable {
  /// The layout of the checkpoint's files.
  var version = 2
  /// Steps done. Seed, batch and this give the sampler's position.
  let step: Int
  /// Of the dataset and of its tokenizer.
  package let dataFingerprint: String
  let tokenizerFingerprint: String
  /// How the run was configured when it wrote this.
  package let config: RunConfig
  /// `ProductFingerprint` of rank 0, by which bits that differ on another machine can be told from wrong ones; checkpoints of older
  /// programs have none.
  package let productFingerprint: String?
  /// Rank 0's engine of matrix products, by which a run that goes on with other kernels is told so; checkpoints of older programs have none.
  var engine: ProductEngine?
  /// From version 2 on.
  var anomalies: AnomalyState?
  /// Of fine-tuning, what the task is, whatever its file is called; checkpoints of older programs do not say.
  package var task: String?
  /// A hash of the weights that the run began with; nil for random ones, and in checkpoints of older programs.
  package var origin: String?
  /// Of the process that wrote this; checkpoints of older programs have none.
  var versions: Versions?
  /// The keys of `config` that its file has: younger ones have values that nobody chose. Not in the file; nil for all.
  var knownKeys: Set<String>?

  private enum CodingKeys: CodingKey {
    case version, step, dataFingerprint, tokenizerFingerprint, config, productFingerprint,
      engine, anomalies, task, origin, versions
  }

  static let name = CheckpointStore.trainerName
  package static let optimizerName = CheckpointStore.optimizerName

  /// What a run of `config` left after `step`.
  package init(
    step: Int, config: RunConfig, dataFingerprint: String, tokenizerFingerprint: String = "",
    productFingerprint: String? = nil, engine: ProductEngine? = nil,
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

  /// The file in a checkpoint's folder. Keys of the configuration that are younger than the checkpoint have their defaults.
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
