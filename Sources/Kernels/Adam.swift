import Buffers

/// Adam (Kingma & Ba 2014, arXiv:1412.6980) with decoupled weight decay, as in OpenAI's `opt.py`.
public enum Adam {
  /// One step on a range of the flat vectors, in one pass over memory.
  ///
  ///     g = gradientScale · gradients
  ///     m ← β₁ m + (1 − β₁) g
  ///     v ← β₂ v + (1 − β₂) g²
  ///     p ← p − rate · (m / (√v + ε) + weightDecay · p)
  ///
  /// - Parameters:
  ///   - weights: (n), p, updated
  ///   - gradients: (n), left as they are
  ///   - firstMoments: (n), m, updated
  ///   - secondMoments: (n), v, updated
  ///   - rate: lr_t, with the bias correction √(1 − β₂ᵗ)/(1 − β₁ᵗ) in it
  ///   - epsilon: ε, added to √v without bias correction
  ///   - weightDecay: 0 where the tensor is not to decay
  ///   - gradientScale: what clipping multiplies the gradients by
  public static func step(
    weights: Vector, gradients: Vector, firstMoments: Vector, secondMoments: Vector,
    rate: Float, beta1: Float, beta2: Float, epsilon: Float, weightDecay: Float,
    gradientScale: Float
  ) {
    let count = weights.count
    precondition(
      gradients.count == count && firstMoments.count == count && secondMoments.count == count,
      "Adam: \(count) weights, \(gradients.count) gradients, \(firstMoments.count) and "
        + "\(secondMoments.count) moments")
    let beta1 = Lanes(repeating: beta1)
    let beta2 = Lanes(repeating: beta2)
    let decay = Lanes(repeating: weightDecay)
    let minusRate = Lanes(repeating: -rate)
    @inline(__always)
    func step(_ i: LaneStep) {
      let g = gradients[i] * gradientScale
      let m = (beta1 * firstMoments[i]).addingProduct(1 - beta1, g)
      let v = (beta2 * secondMoments[i]).addingProduct(1 - beta2, g * g)
      let p = weights[i]
      let direction = (m / (v.squareRoot() + epsilon)).addingProduct(decay, p)
      firstMoments[i] = m
      secondMoments[i] = v
      weights[i] = p.addingProduct(minusRate, direction)
    }
    forEachStep(of: count, step)
  }
}
