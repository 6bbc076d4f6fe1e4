import Dist
import Kernels
import Model

// Values with a few choices; help, errors and docs/CONFIG.md list these.
extension Schedule: KeyChoice {}
extension Precision: KeyChoice {}
extension ReductionStrategy: KeyChoice {}
extension WireFormat: KeyChoice {}
extension AnomalyPolicy: KeyChoice {}
extension CheckpointFailurePolicy: KeyChoice {}

/// The library that a run asks for to compute its matrix products.
public enum EngineChoice: String, KeyChoice, Sendable {
  /// The one that `ProductEngine.automatic` names.
  case automatic = "auto"
  case openblas, onednn

  /// The engine; nil for the automatic choice.
  package var engine: ProductEngine? { ProductEngine(rawValue: rawValue) }
}

/// The checkpoint from which a run resumes.
public enum Resume: Sendable, Hashable {
  /// The newest good checkpoint in the run directory, if there is one.
  case automatic
  /// No checkpoint: a run directory that has checkpoints is refused.
  case never
  /// A checkpoint's folder.
  case from(String)
}

extension Resume: KeyValue, RawRepresentable {
  package static var expected: String { "auto, never or a checkpoint's folder" }
  package static var placeholder: String { "auto|never|checkpoint" }

  /// `auto`, `never` or a folder.
  public init?(rawValue: String) {
    switch rawValue {
    case "": return nil
    case "auto": self = .automatic
    case "never": self = .never
    default: self = .from(rawValue)
    }
  }

  /// The value as written in YAML.
  public var rawValue: String {
    switch self {
    case .automatic: "auto"
    case .never: "never"
    case .from(let folder): folder
    }
  }

  package init?(keyText: String) { self.init(rawValue: keyText) }
  package var keyText: String { rawValue }

  /// The folder of the requested checkpoint; nil for `auto` and `never`.
  package var folder: String? { if case .from(let folder) = self { folder } else { nil } }
}

/// The source of a run's initial weights, determined by `from`, `from-scratch` and `transfer-layers`.
public enum Start: Sendable, Equatable {
  /// Random numbers.
  case random
  /// All weights of a model.
  case model(String)
  /// The embeddings and the first blocks of a model, and random numbers above them.
  case transfer(blocks: Int, of: String)
}

extension RunConfig {
  /// The source of the initial weights.
  package var start: Start {
    guard let from = self.from, !self.fromScratch else { return .random }
    return self.transferLayers.map { .transfer(blocks: $0, of: from) } ?? .model(from)
  }

  /// The model that provides all or some of the initial weights; nil for random weights.
  package var origin: String? {
    switch start {
    case .random: nil
    case .model(let folder), .transfer(_, let folder): folder
    }
  }
}
