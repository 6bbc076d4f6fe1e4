import Dist
import Files
import Model

/// Everything that determines a pre-training run: one complete value, the same on every rank.
///
/// The keys of its YAML are the names of the flags: `--learning-rate 1e-4` is `learning-rate: 1e-4`.
public struct RunConfig: Sendable, Equatable, Codable {
  /// The folder that `prepare` wrote.
  public var data = "data"
  /// The run directory.
  public var out = "runs/pretrain"

  /// Token ids of the model, at least those of the data; 0 for just as many. The paper's model keeps its size over a smaller
  /// tokenizer.
  public var vocabulary = 40_478
  /// Longest sequence, in tokens.
  public var context = 512
  /// Width of the residual stream.
  public var width = 768
  /// Number of blocks.
  public var layers = 12
  /// Attention heads of a block.
  public var heads = 12
  /// Probability of dropout.
  public var dropout = 0.1

  /// Standard deviation of the initial weights; Hugging Face's `initializer_range`.
  public var initializerRange = 0.02

  /// Optimizer updates in all.
  public var steps = 100_000
  /// Sequences of a step, over all ranks.
  public var batch = 64
  /// Sequences of a leaf: what a rank computes at once.
  public var microBatch = 4
  /// The largest learning rate.
  public var learningRate = 2.5e-4
  /// Updates during which the learning rate rises from 0.
  public var warmUp = 2_000
  /// How the learning rate falls afterwards.
  public var schedule = Schedule.cosine
  /// Weight decay of tensors of rank > 1.
  public var weightDecay = 0.01
  /// The largest norm of the gradient; 0 for no clipping.
  public var clip = 1.0
  /// Determines the initial weights, the order of the data and the dropout.
  public var seed: UInt64 = 1

  /// Arithmetic of the matrix products.
  public var precision = Precision.fp32
  /// Whether backward computes each block's activations anew, for less memory.
  public var recompute = false
  /// How gradients are combined.
  public var reduce = ReductionStrategy.allreduce
  /// How gradients cross the network.
  public var wire = WireFormat.fp32
  /// Threads of a rank; 0 for a fair share of the node's CPUs.
  public var threads = 0

  /// Updates between two checkpoints; there is always one at the end.
  public var checkpointEvery = 1_000
  /// The newest checkpoints that are kept.
  public var keep = 3
  /// Checkpoints of steps that it divides are kept for ever; 0 for none.
  public var keepEvery = 0
  /// What happens where a checkpoint cannot be written.
  public var onCheckpointFailure = CheckpointFailurePolicy.continue
  /// Updates between two measurements of the validation loss; 0 for the end only.
  public var evaluateEvery = 500
  /// Validation sequences that are measured; 0 for all.
  public var evaluateSequences = 256
  /// `auto`: from the newest good checkpoint if there is one; `never`; or a checkpoint's folder.
  public var resume = "auto"
  /// A model folder whose weights the run begins with; empty for random ones.
  public var from = ""
  /// Seconds without a move of any rank after which the job is ended; 0 for never.
  public var stallTimeout = 120
  /// Whether every operation's output is searched for NaN and infinity.
  public var debug = false
  /// What happens where the loss or the gradient of a step is not what it should be.
  public var anomaly = AnomalyPolicy.stop
  /// Robust deviations above the steps before from which on a loss or a gradient's norm is a spike; 0 for none. Batches of 256 tokens
  /// were seen to reach 7 in 3,000 healthy steps, those of 1,024 tokens 4.
  public var spikeThreshold = 20.0

  /// The keys of its YAML and names of its flags.
  public enum CodingKeys: String, CodingKey, CaseIterable {
    case data, out
    case vocabulary, context, width, layers, heads, dropout
    case initializerRange = "initializer-range"
    case steps, batch
    case microBatch = "micro-batch"
    case learningRate = "learning-rate"
    case warmUp = "warm-up"
    case schedule
    case weightDecay = "weight-decay"
    case clip, seed, precision, recompute, reduce, wire, threads
    case checkpointEvery = "checkpoint-every"
    case keep
    case keepEvery = "keep-every"
    case onCheckpointFailure = "on-checkpoint-failure"
    case evaluateEvery = "evaluate-every"
    case evaluateSequences = "evaluate-sequences"
    case resume, from
    case stallTimeout = "stall-timeout"
    case anomaly
    case spikeThreshold = "spike-threshold"
    case debug
  }

  /// The paper's run.
  public init() {}

  /// The shape of the model over data of `vocabularySize` token ids.
  public func model(vocabularySize: Int) -> ModelConfig {
    var model = ModelConfig()
    model.vocabularySize = vocabulary > 0 ? vocabulary : vocabularySize
    model.context = context
    model.width = width
    model.layers = layers
    model.heads = heads
    model.dropout = Float(dropout)
    model.initialStandardDeviation = Float(initializerRange)
    return model
  }

  /// The optimizer's constants.
  public var optimizer: OptimizerConfig {
    var adam = AdamConfig()
    adam.weightDecay = weightDecay
    return .adam(adam)
  }

  /// What the decoder of a model with `context` positions is made for.
  public var decoderUse: DecoderUse {
    var use = DecoderUse(capacity: microBatch * context, training: true)
    use.precision = precision
    use.recompute = recompute
    return use
  }

  /// Leaves of a step, over all ranks.
  public var leaves: Int { batch / microBatch }

  /// Refuses a number of ranks that the reduction cannot share the leaves out among.
  func checkShares(ranks: Int) throws {
    guard reduce.needsEqualShares, leaves % ranks != 0 else { return }
    let fitting = (1...leaves).filter { leaves % $0 == 0 }.map(String.init)
    throw UsageError(
      "--reduce \(reduce.rawValue) shares \(leaves) leaves (--batch \(batch) / --micro-batch "
        + "\(microBatch)) out evenly, which \(ranks) ranks cannot have: start "
        + fitting.joined(separator: ", ") + " ranks, or choose another --batch")
  }
}

extension RunConfig {
  /// The configurations that `--preset` names.
  public enum Preset: String, Sendable, CaseIterable {
    /// The paper's model and run: 117 M parameters, 64 sequences of 512 tokens a step.
    case gpt1
    /// Trains to something readable in minutes on 2 cores.
    case mini
    /// A few seconds, to see that everything works.
    case debug

    /// Its values.
    public var config: RunConfig {
      var config = RunConfig()
      switch self {
      case .gpt1: break
      case .mini:
        config.vocabulary = 0
        config.context = 128
        config.width = 128
        config.layers = 4
        config.heads = 4
        // A post-norm decoder this narrow stays at the unigram loss for hundreds of updates from N(0, 0.02).
        config.initializerRange = 0.08
        config.steps = 1_600
        config.batch = 8
        config.microBatch = 4
        config.learningRate = 1e-3
        config.warmUp = 50
        config.checkpointEvery = 200
        config.evaluateEvery = 200
        config.evaluateSequences = 128
      case .debug:
        config.vocabulary = 0
        config.context = 32
        config.width = 64
        config.layers = 2
        config.heads = 2
        config.steps = 20
        config.batch = 8
        config.microBatch = 2
        config.learningRate = 1e-3
        config.warmUp = 5
        config.checkpointEvery = 10
        config.evaluateEvery = 10
        config.evaluateSequences = 16
      }
      return config
    }
  }

  /// What makes the run impossible, in a sentence, before anything is read; nil when nothing does.
  public var problem: String? {
    let positive = [
      ("steps", steps), ("batch", batch), ("micro-batch", microBatch),
      ("checkpoint-every", checkpointEvery), ("keep", keep),
    ]
    for (name, value) in positive where value < 1 {
      return "\(name) is \(value); it must be at least 1"
    }
    let natural = [
      ("vocabulary", vocabulary), ("warm-up", warmUp), ("evaluate-every", evaluateEvery),
      ("evaluate-sequences", evaluateSequences), ("threads", threads),
      ("stall-timeout", stallTimeout), ("keep-every", keepEvery),
    ]
    for (name, value) in natural where value < 0 {
      return "\(name) is \(value); it must not be negative"
    }
    let largest = 1 << 31
    for (name, value) in positive + natural where value > largest {
      return "\(name) is \(value); it must not be above \(largest)"
    }
    if threads > 4_096 { return "threads is \(threads); it must not be above 4096" }
    if let problem = model(vocabularySize: 1).problem { return problem }
    if batch % microBatch != 0 {
      return "a batch of \(batch) sequences cannot be cut into leaves of \(microBatch): "
        + "choose a micro-batch that divides it"
    }
    if microBatch * context > 1 << 24 {
      return
        "a leaf of \(microBatch) sequences of \(context) tokens is too large; choose a smaller "
        + "micro-batch"
    }
    if !(learningRate >= 0 && learningRate.isFinite) {
      return "learning-rate is \(learningRate); it must be a number that is not negative"
    }
    if !(weightDecay >= 0 && weightDecay.isFinite) {
      return "weight-decay is \(weightDecay); it must be a number that is not negative"
    }
    if !(clip >= 0 && clip.isFinite) { return "clip is \(clip); it must not be negative" }
    if wire != .fp32, reduce == .ordered {
      return
        "wire \(wire.rawValue) rounds gradients, and reduce ordered adds them up exactly as they were computed: "
        + "choose wire fp32, or reduce allreduce or overlapped"
    }
    if !(spikeThreshold >= 0 && spikeThreshold.isFinite) {
      return "spike-threshold is \(spikeThreshold); it must not be negative"
    }
    if keepEvery % checkpointEvery != 0 {
      return "keep-every is \(keepEvery); it must be a multiple of checkpoint-every, which is "
        + "\(checkpointEvery)"
    }
    if out.isEmpty || data.isEmpty { return "data and out must name folders" }
    return nil
  }
}
