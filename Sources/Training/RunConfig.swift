import Data
import Dist
import Files
import Model

/// Everything that determines a run, of pre-training or of fine-tuning: one complete value, the same on every rank.
///
/// The keys of its YAML are the names of the flags: `--learning-rate 1e-4` is `learning-rate: 1e-4`.
public struct RunConfig: Sendable, Equatable, Codable {
  /// The folder that `prepare` wrote; of fine-tuning, the folder with the task's files.
  public var data = "data"
  /// The run directory.
  public var out = "runs/gpt1"

  /// Token ids of the model, at least those of the data; 0 for just as many. The paper's model keeps its size over a smaller
  /// tokenizer. Special tokens of fine-tuning come on top.
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

  /// Tasks that every validation measures too, by the paper's heuristics without training: names with commas between; empty for none.
  public var evaluateTasks = ""
  /// The folder that has a folder of every such task, by its name.
  public var tasksData = ""

  /// The task to fine-tune on, by its name or as a YAML file; empty for pre-training.
  public var task = ""
  /// Passes over the task's training examples, from which `steps` and `warm-up` follow. The last step has the examples that are left.
  public var epochs = 3
  /// Training examples that are used, drawn by the seed; 0 for all.
  public var examples = 0
  /// The part of the updates during which the learning rate rises from 0.
  public var warmUpFraction = 0.002
  /// λ, the weight of the language model's loss beside the task's (the paper's L₃).
  public var lmCoefficient = 0.5
  /// Probability of dropout before the task's linear layer.
  public var classifierDropout = 0.1
  /// Whether the weights begin random, with the shape and tokenizer of `from` or those of `tokenizer` and the preset.
  public var fromScratch = false
  /// The blocks that are taken from the model that the run begins with; -1 for all. Embeddings are taken in any case.
  public var transferLayers = -1
  /// A folder with `vocab.json` and `merges.txt`, for a run that begins from no model.
  public var tokenizer = ""

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
    case evaluateTasks = "evaluate-tasks"
    case tasksData = "tasks-data"
    case task, epochs, examples
    case warmUpFraction = "warm-up-fraction"
    case lmCoefficient = "lm-coefficient"
    case classifierDropout = "classifier-dropout"
    case fromScratch = "from-scratch"
    case transferLayers = "transfer-layers"
    case tokenizer
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

  /// What a decoder is made for that pre-trains: leaves of whole contexts.
  public var decoderUse: DecoderUse { decoderUse(tokensPerWindow: context) }

  /// What a decoder is made for whose leaves are of `micro-batch` windows of at most so many tokens.
  func decoderUse(tokensPerWindow tokens: Int) -> DecoderUse {
    var use = DecoderUse(capacity: microBatch * tokens, training: true)
    use.precision = precision
    use.recompute = recompute
    return use
  }

  /// What steps read of `windows` sequences or examples. In fine-tuning the last step has what is left of the last epoch.
  func sampler(windows: Int) -> Sampler {
    Sampler(
      windows: windows, sequencesPerStep: batch, seed: seed,
      total: isFineTuning ? epochs * windows : nil)
  }

  /// Leaves of a step, over all ranks.
  public var leaves: Int { batch / microBatch }

  /// Refuses a number of ranks that the reduction cannot share the leaves out among.
  func checkShares(ranks: Int) throws {
    guard reduce.needsEqualShares, leaves % ranks != 0 else { return }
    let fitting = (1...leaves).filter { leaves % $0 == 0 }.map(String.init)
    throw UsageError(
      "--reduce \(reduce.rawValue) shares \(leaves) micro-batches (--batch \(batch) / --micro-batch "
        + "\(microBatch)) evenly, which is impossible with \(ranks) ranks: start "
        + fitting.joined(separator: ", ") + " ranks, or choose another --batch")
  }
}
