import Buffers

/// Sees what every worker of a team does: the debug mode's search for NaN and infinity, or a trace.
///
/// Called from the worker's thread; several may call at once. It holds the clock, if it wants one.
public protocol OperationObserver: Sendable {
  /// The thread that hands out work is about to hand out `tiles` tiles: a parallel region, which ends before the next one begins.
  func began(tiles: Int)

  /// A worker takes a tile of the current region.
  func began(worker: Int, tile: Int)

  /// A worker has finished a part of an operation, on which it was busy since its last call.
  ///
  /// - Parameters:
  ///   - layer: the block, nil outside the blocks
  ///   - output: what was written
  ///   - firstRow: the row of the batch (sequence · T + position) that `output` begins with; 0 where it has no such rows
  func finished(
    _ operation: Operation, layer: Int?, worker: Int, output: Matrix, firstRow: Int)
}

extension OperationObserver {
  /// Regions are of no interest to most observers.
  public func began(tiles: Int) {}
  /// Nor are the beginnings of tiles to those that measure no time.
  public func began(worker: Int, tile: Int) {}
}

/// The operations of a training step, by the names of the modules of Hugging Face's `openai-gpt`.
public enum Operation: String, Sendable, CaseIterable, Codable {
  case embedding = "embedding"
  case attentionInput = "attn.c_attn"
  case attention = "attn"
  case attentionOutput = "attn.c_proj"
  /// Dropout and residual sum with it.
  case norm1 = "ln_1"
  /// GELU with it.
  case mlpInput = "mlp.c_fc"
  case mlpOutput = "mlp.c_proj"
  /// Dropout and residual sum with it.
  case norm2 = "ln_2"
  /// The linear layer of a task, with dropout before it.
  case score = "score"
  case head = "lm_head"
  case crossEntropy = "cross-entropy"
  case headBackward = "lm_head backward"
  case headWeight = "lm_head weight"
  case scoreWeight = "score weight"
  /// Dropout's backward with it.
  case scoreBackward = "score backward"
  /// Dropout's backward with it.
  case norm2Backward = "ln_2 backward"
  /// GELU's backward with it.
  case mlpOutputBackward = "mlp.c_proj backward"
  case mlpInputBackward = "mlp.c_fc backward"
  /// Dropout's backward with it.
  case norm1Backward = "ln_1 backward"
  case attentionOutputBackward = "attn.c_proj backward"
  case attentionBackward = "attn backward"
  case attentionInputBackward = "attn.c_attn backward"
  case mlpOutputWeight = "mlp.c_proj weight"
  case mlpInputWeight = "mlp.c_fc weight"
  case attentionOutputWeight = "attn.c_proj weight"
  case attentionInputWeight = "attn.c_attn weight"
  /// The sums of the norms' gradients over the tiles.
  case normWeights = "ln weight"
  case embeddingBackward = "embedding backward"
  case gradientZero = "gradient = 0"
  case gradientNorm = "gradient norm"
  case optimizer = "optimizer"
  /// The weights' conversion to bf16.
  case rounding = "rounding of weights"

  /// True if the output's rows are those of the batch, of hidden states or their gradients, so that a place in it says which
  /// token went wrong.
  public var isPerToken: Bool {
    switch self {
    case .headWeight, .scoreWeight, .mlpOutputWeight, .mlpInputWeight, .attentionOutputWeight,
      .attentionInputWeight, .normWeights, .embeddingBackward, .gradientZero, .gradientNorm,
      .optimizer, .rounding:
      false
    default: true
    }
  }

  /// True if it belongs to a task's linear layer, which a plain language model does not have.
  public var isOfTask: Bool {
    switch self {
    case .score, .scoreWeight, .scoreBackward: true
    default: false
    }
  }

  /// True if it is mainly a matrix product; a task's layer reads one row per sequence and is not one.
  public var isProduct: Bool {
    switch self {
    case .embedding, .norm1, .norm2, .crossEntropy, .norm2Backward, .norm1Backward, .normWeights,
      .embeddingBackward, .gradientZero, .gradientNorm, .optimizer, .rounding, .score, .scoreWeight,
      .scoreBackward:
      false
    default: true
    }
  }
}
