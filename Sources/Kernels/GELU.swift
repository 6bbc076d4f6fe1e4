import Buffers

/// The Gaussian error linear unit in its tanh form (Hendrycks & Gimpel 2016, arXiv:1606.08415), as
/// in OpenAI's GPT-1.
///
///     y = ½ x (1 + tanh u) = x σ(2u),   u = √(2/π) (x + 0.044715 x³)
///
/// σ rather than tanh: one exponential, one division, and no cancellation in 1 + tanh u for
/// negative x.
public enum GELU {
  /// y = gelu(x).
  ///
  /// - Parameters:
  ///   - x: any shape
  ///   - y: the size of x, overwritten; may be x
  public static func forward(_ x: Vector, into y: Vector) {
    precondition(y.count == x.count, "GELU: x has \(x.count) elements, y \(y.count)")
    @inline(__always)
    func step(_ i: LaneStep) {
      let value = x[i]
      y[i] = value / (1 + expOfMinusTwoU(value, value * value))
    }
    forEachStep(of: x.count, step)
  }

  /// dx = dy ⊙ gelu′(x).
  ///
  ///     gelu′ = σ + x σ (1 − σ) 2u′,   u′ = √(2/π) (1 + 3·0.044715 x²)
  ///
  /// - Parameters:
  ///   - dy: any shape
  ///   - x: what `forward` read
  ///   - dx: the size of x, overwritten; may be dy
  ///   - y: the size of x, overwritten with gelu(x) once more, which needs the same σ; nil where nobody wants it
  public static func backward(
    _ dy: Vector, x: Vector, into dx: Vector, forwardInto y: Vector? = nil
  ) {
    precondition(
      dy.count == x.count && dx.count == x.count && (y.map { $0.count == x.count } ?? true),
      "GELU: x has \(x.count) elements, dy \(dy.count), dx \(dx.count)")
    let again = y ?? dx
    @inline(__always)
    func step(_ i: LaneStep) {
      let value = x[i]
      let square = value * value
      let sigma = 1 / (1 + expOfMinusTwoU(value, square))
      let twoDu = Lanes(repeating: 2 * c).addingProduct(square, Lanes(repeating: 6 * c * cubic))
      let slope = sigma.addingProduct(value * sigma, (1 - sigma) * twoDu)
      let result = dy[i] * slope
      again[i] = value * sigma
      dx[i] = result
    }
    forEachStep(of: x.count, step)
  }

  /// e^(−2u).
  @inline(__always)
  private static func expOfMinusTwoU(_ x: Lanes, _ square: Lanes) -> Lanes {
    exp(x * Lanes(repeating: -2 * c).addingProduct(square, Lanes(repeating: -2 * c * cubic)))
  }

  /// √(2/π).
  private static var c: Float { 0.797_884_56 }

  private static var cubic: Float { 0.044_715 }
}
