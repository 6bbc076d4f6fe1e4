import Buffers

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Softmax cross-entropy of one row of logits, in nats.
///
///     loss = log Σ exp(z) − z[target],   dz = (softmax(z) − onehot(target)) · scale
public enum CrossEntropy {
  /// - Parameters:
  ///   - logits: (padded count), overwritten with exponentials; see `Softmax` for the padding
  ///   - target: the class that was to be predicted
  /// - Returns: the loss
  public static func forward(_ logits: Vector, target: Int) -> Float {
    let wanted = logits[target]
    let maximum = Softmax.maximum(logits)
    return maximum + log(Softmax.exponentiate(logits, minus: maximum)) - wanted
  }

  /// - Parameters:
  ///   - logits: (padded count), overwritten with the gradient of `scale` times the loss
  ///   - target: the class that was to be predicted
  ///   - scale: the weight of this row's loss over the divisor of all; 0 gives a gradient of zeros
  /// - Returns: the loss, not scaled
  public static func forwardBackward(_ logits: Vector, target: Int, scale: Float) -> Float {
    let wanted = logits[target]
    let maximum = Softmax.maximum(logits)
    let sum = Softmax.exponentiate(logits, minus: maximum)
    Elementwise.scale(logits, by: scale / sum, into: logits)
    logits[target] -= scale
    return maximum + log(sum) - wanted
  }
}
