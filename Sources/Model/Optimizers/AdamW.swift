import Kernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Adam with the weight decay of OpenAI's opt.py (finetune-transformer-lm), which acts with the scheduled rate:
///
///     rate_t = rate · √(1 − β₂ᵗ)/(1 − β₁ᵗ),   p ← p − rate_t · (m/(√v + ε) + w·p)
///
/// with w on tensors of rank > 1 only.
public struct AdamW: Optimizer, Equatable {
  /// Decay of the mean of gradients.
  public var beta1 = 0.9
  /// Decay of the mean of squared gradients.
  public var beta2 = 0.999
  /// Added to √v.
  public var epsilon = 1e-8
  /// w
  public var weightDecay = 0.01

  /// The constants of the paper's pre-training.
  public init() {}

  /// m and v, by PyTorch's names.
  public static let stateNames = ["exp_avg", "exp_avg_sq"]

  /// The scale; m and v with 3 and 4; root, ε, quotient, decay and update with 1, 1, 1, 2 and 2.
  public static let operationsPerParameter = 15

  /// Floats do not know of each other.
  public static let granularity = OptimizerGranularity.floats

  /// One pass over the piece's memory.
  public func update(_ piece: OptimizerPiece, _ step: OptimizerStep) {
    Adam.step(
      weights: piece.weights, gradients: piece.gradients, firstMoments: piece.states[0],
      secondMoments: piece.states[1], rate: corrected(step.rate, step: step.step),
      beta1: Float(beta1), beta2: Float(beta2), epsilon: Float(epsilon),
      weightDecay: piece.parameter.decays ? Float(weightDecay) : 0,
      gradientScale: step.gradientScale)
  }

  /// rate · √(1 − β₂ᵗ)/(1 − β₁ᵗ)
  private func corrected(_ rate: Double, step: Int) -> Float {
    Float(rate * (1 - pow(beta2, Double(step))).squareRoot() / (1 - pow(beta1, Double(step))))
  }
}
