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

  /// Against probabilities t of the classes instead of one target:
  ///
  ///     loss = log Σ exp(z) − Σ t z,   dz = softmax(z) − t   where Σ t = 1
  ///
  /// - Parameters:
  ///   - logits: (padded count), overwritten with the gradient of the loss
  ///   - probabilities: t of the first classes; those that follow have none
  /// - Returns: the loss
  public static func forwardBackward(_ logits: Vector, probabilities: [Float]) -> Float {
    precondition(
      probabilities.count <= logits.count,
      "\(probabilities.count) probabilities for \(logits.count) logits")
    let maximum = Softmax.maximum(logits)
    var wanted: Float = 0
    for (index, probability) in probabilities.enumerated() {
      wanted.addProduct(probability, logits[index] - maximum)
    }
    let sum = Softmax.exponentiate(logits, minus: maximum)
    Elementwise.scale(logits, by: 1 / sum, into: logits)
    for (index, probability) in probabilities.enumerated() { logits[index] -= probability }
    return log(sum) - wanted
  }
}
