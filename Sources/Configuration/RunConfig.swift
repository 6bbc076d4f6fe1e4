import Data
import Dist
import Files
import Model

/// Everything that determines a run, of pre-training or of fine-tuning: one complete value, the same on every rank.
///
/// Its properties are the keys that `Keys` declares: `config.learningRate` is `learning-rate: 1e-4` in YAML and
/// `--learning-rate 1e-4` on a command line.
@dynamicMemberLookup
public struct RunConfig: Sendable {
  /// The kind of a run, which determines the keys of its configuration.
  public enum Kind: Sendable, CaseIterable {
    /// `pretrain`
    case pretraining
    /// `finetune`
    case fineTuning

    /// The subcommand.
    package var command: String { self == .pretraining ? "pretrain" : "finetune" }

    /// The keys of its configuration, in the order of their declaration.
    package var keys: [any ConfigKey] { RunConfig.keys.filter { $0.info.kinds.contains(self) } }
  }

  /// Wraps a key's value, which may be an optional.
  private struct Stored<Value: Sendable>: Sendable {
    let value: Value
  }

  /// The declarations of all keys.
  package static let table = Keys()

  /// Every key, in the order of its declaration.
  package static let keys = Mirror(reflecting: table).children.compactMap {
    $0.value as? any ConfigKey
  }

  /// The key called `name`; nil if there is none.
  package static func key(_ name: String) -> (any ConfigKey)? { keys.first { $0.name == name } }

  /// Values by the names of their keys; a key that is not here has the paper's value.
  private var values: [String: any Sendable] = [:]

  /// Creates the configuration of the paper's run.
  public init() {}

  /// The value of a key.
  package subscript<Value>(key: Key<Value>) -> Value {
    get { (values[key.name] as? Stored<Value>)?.value ?? key.paper }
    set { values[key.name] = Stored(value: newValue) }
  }

  /// The value of a key that `Keys` declares.
  public subscript<Value>(dynamicMember key: KeyPath<Keys, Key<Value>>) -> Value {
    get { self[RunConfig.table[keyPath: key]] }
    set { self[RunConfig.table[keyPath: key]] = newValue }
  }

  /// The shape of the model over data of `vocabularySize` token ids.
  public func model(vocabularySize: Int) -> ModelConfig {
    var model = ModelConfig()
    model.vocabularySize = self.vocabulary ?? vocabularySize
    model.context = self.context
    model.width = self.width
    model.layers = self.layers
    model.heads = self.heads
    model.dropout = Float(self.dropout)
    model.initialStandardDeviation = Float(self.initializerRange)
    return model
  }

  /// The optimizer's constants.
  public var optimizer: OptimizerConfig {
    var adam = AdamW()
    adam.weightDecay = self.weightDecay
    return .adamW(adam)
  }

  /// The use of a decoder in pre-training, in which each sequence fills the context.
  public var decoderUse: DecoderUse { decoderUse(tokensPerWindow: self.context) }

  /// The use of a decoder for micro-batches with at most `tokens` tokens per sequence or example.
  package func decoderUse(tokensPerWindow tokens: Int) -> DecoderUse {
    var use = DecoderUse(capacity: self.microBatch * tokens, training: true)
    use.precision = self.precision
    use.engine = self.engine.engine
    use.tileRows = self.tileRows
    use.recompute = self.recompute
    return use
  }

  /// The sampler that draws each step's sequences or examples from `windows` of them. In fine-tuning, the last step has the rest of
  /// the last epoch.
  package func sampler(windows: Int) -> Sampler {
    Sampler(
      windows: windows, sequencesPerStep: self.batch, seed: self.seed,
      total: isFineTuning ? self.epochs * windows : nil)
  }

  /// The learning rate of a step; steps count from 1.
  package func rate(ofStep step: Int) -> Double {
    self.learningRate * self.schedule.factor(step: step, steps: self.steps, warmUp: self.warmUp)
  }

  /// Micro-batches per step, over all ranks.
  public var microBatchesPerStep: Int { self.batch / self.microBatch }

  /// The micro-batches of a step that each of `ranks` ranks computes.
  package func shares(ranks: Int) -> MicroBatchShares {
    MicroBatchShares(count: microBatchesPerStep, ranks: ranks)
  }

  /// Throws if the reduction cannot divide the micro-batches among so many ranks.
  package func checkShares(ranks: Int) throws {
    guard self.reduce.needsEqualShares, !shares(ranks: ranks).areEqual else { return }
    let fitting = (1...microBatchesPerStep).filter { shares(ranks: $0).areEqual }.map(String.init)
    throw UsageError(
      "--reduce \(self.reduce.rawValue) shares \(microBatchesPerStep) micro-batches (--batch \(self.batch) / --micro-batch "
        + "\(self.microBatch)) evenly, which is impossible with \(ranks) ranks: start "
        + fitting.joined(separator: ", ") + " ranks, or choose another --batch")
  }
}

extension RunConfig: Equatable {
  /// True if all keys have the same values.
  public static func == (one: RunConfig, other: RunConfig) -> Bool {
    keys.allSatisfy { $0.text(of: one) == $0.text(of: other) }
  }
}

/// In JSON, an object with every key of both kinds.
extension RunConfig: Codable {
  /// Reads the keys that are present; the others get the paper's values.
  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: KeyName.self)
    for key in RunConfig.keys { try key.decode(from: container, into: &self) }
  }

  /// Writes every key.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: KeyName.self)
    for key in RunConfig.keys { try key.encode(self, to: &container) }
  }
}
