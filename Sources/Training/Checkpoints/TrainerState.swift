import Files
import Kernels
import Model

/// `trainer.json` of a checkpoint: what a run needs to go on besides its weights and the optimizer's state.
struct TrainerState: Codable, Equatable {
  /// The layout of the checkpoint's files.
  var version = 2
  /// Updates done. Seed, batch and this give the sampler's position.
  let step: Int
  /// Of the dataset and of its tokenizer.
  let dataFingerprint: String
  let tokenizerFingerprint: String
  /// How the run was configured when it wrote this.
  let config: RunConfig
  /// `ProductFingerprint` of rank 0, by which bits that differ on another machine can be told from wrong ones; checkpoints of older
  /// programs have none.
  let productFingerprint: String?
  /// Rank 0's engine of matrix products, by which a run that goes on with other kernels is told so; checkpoints of older programs have none.
  var engine: ProductEngine?
  /// From version 2 on.
  var anomalies: AnomalyState?

  static let name = "trainer.json"
  static let optimizerName = "optimizer.safetensors"

  /// The file in a checkpoint's folder. Keys of the configuration that are younger than the checkpoint have their defaults.
  static func read(_ folder: String) throws -> TrainerState {
    struct Version: Decodable { let version: Int }
    let path = "\(folder)/\(name)"
    let version = try JSONFile.read(Version.self, from: path).version
    guard (1...2).contains(version) else {
      throw InputError(
        "has version \(version); this program reads versions 1 and 2", path: path)
    }
    return try JSONFile.read(TrainerState.self, from: path, defaults: ["config": RunConfig()])
  }

  /// Why a run of `config` on other data cannot go on from here, in a sentence; nil where it can.
  func obstacle(config new: RunConfig, dataFingerprint: String) -> String? {
    let fixed: [(String, (RunConfig) -> String)] = [
      ("vocabulary", { "\($0.vocabulary)" }), ("context", { "\($0.context)" }),
      ("width", { "\($0.width)" }),
      ("layers", { "\($0.layers)" }), ("heads", { "\($0.heads)" }),
      ("seed", { "\($0.seed)" }), ("batch", { "\($0.batch)" }),
      ("task", { $0.isFineTuning ? $0.task : "none" }), ("examples", { "\($0.examples)" }),
    ]
    for (key, value) in fixed where value(config) != value(new) {
      return
        "was trained with \(key) \(value(config)), not \(value(new)): go on with that, or give "
        + "another --out"
    }
    if dataFingerprint != self.dataFingerprint {
      return
        "was trained on other data than \(new.data) now holds: restore it, or give another --out"
    }
    if step > new.steps {
      return "is at step \(step) already, beyond the \(new.steps) steps asked for"
    }
    return nil
  }
}

extension Snapshot {
  /// Overwrites the optimizer's state with a checkpoint's.
  func readOptimizer(_ folder: String, _ table: ParameterTable, names: [String]) throws {
    let file = try SafetensorsFile("\(folder)/\(TrainerState.optimizerName)")
    for (name, values) in zip(names, moments) {
      for tensor in table.tensors(of: values, prefix: name + ".") {
        try file.read(tensor.name, into: tensor.values, expecting: tensor.shape)
      }
    }
  }
}
