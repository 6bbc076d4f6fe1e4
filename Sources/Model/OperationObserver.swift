import Buffers

/// Looks at what every operation has just written: the debug mode's search for NaN and infinity, for one.
///
/// Called from the thread that computed the tile; several may call at once.
public protocol OperationObserver: Sendable {
  /// - Parameters:
  ///   - layer: the block, nil outside the blocks
  ///   - output: some rows of what the operation wrote
  ///   - firstRow: the row of the batch (sequence · T + position) that `output` begins with
  func finished(_ operation: Operation, layer: Int?, output: Matrix, firstRow: Int)
}

/// The operations of a forward and a backward pass, by the names of the modules of Hugging Face's `openai-gpt`.
public enum Operation: String, Sendable, CaseIterable {
  case embedding = "embedding"
  case attentionInput = "attn.c_attn"
  case attention = "attn"
  case attentionOutput = "attn.c_proj"
  case norm1 = "ln_1"
  case mlpInput = "mlp.c_fc"
  case gelu = "mlp.act"
  case mlpOutput = "mlp.c_proj"
  case norm2 = "ln_2"
  case head = "lm_head"
  case headBackward = "lm_head backward"
  case norm2Backward = "ln_2 backward"
  case mlpOutputBackward = "mlp.c_proj backward"
  case geluBackward = "mlp.act backward"
  case mlpInputBackward = "mlp.c_fc backward"
  case norm1Backward = "ln_1 backward"
  case attentionOutputBackward = "attn.c_proj backward"
  case attentionBackward = "attn backward"
  case attentionInputBackward = "attn.c_attn backward"
}
