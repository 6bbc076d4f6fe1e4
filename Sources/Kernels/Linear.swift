import Buffers

/// A fully connected layer with Hugging Face's `Conv1D` layout of weights, (in, out).
///
///     y = x W + b
///
/// Windows on columns of the weight, the bias and the output compute just these.
public enum Linear {
  /// - Parameters:
  ///   - x: (rows, in)
  ///   - weight: (in, out)
  ///   - bias: (out)
  ///   - y: (rows, out), overwritten
  public static func forward(
    _ x: Factor, weight: Factor, bias: Vector, into y: Matrix,
    by products: any MatrixProducts
  ) {
    products.multiply(x, weight, bias: bias, into: y)
  }

  /// dx = dy Wᵀ
  ///
  /// - Parameters:
  ///   - dy: (rows, out)
  ///   - weight: (in, out)
  ///   - dx: (rows, in), overwritten
  public static func backward(
    _ dy: Factor, weight: Factor, into dx: Matrix,
    by products: any MatrixProducts
  ) {
    products.multiply(dy, weight, transposeB: true, into: dx)
  }

  /// dx += dy Wᵀ
  public static func backward(
    _ dy: Factor, weight: Factor, addingTo dx: Matrix,
    by products: any MatrixProducts
  ) {
    products.multiply(dy, weight, transposeB: true, adding: true, into: dx)
  }

  /// dW += xᵀ dy and db += Σ dy over all rows; windows on columns of `x` and `dy` give windows of dW.
  ///
  /// - Parameters:
  ///   - dy: (rows, out)
  ///   - x: (rows, in)
  ///   - dWeight: (in, out), added to
  ///   - dBias: (out), added to; nil where another window of the same columns has done it
  public static func backward(
    _ dy: Factor, x: Factor, addingToWeight dWeight: Matrix, bias dBias: Vector?,
    by products: any MatrixProducts
  ) {
    products.multiply(x, transposeA: true, dy, adding: true, into: dWeight)
    if let dBias { Elementwise.sumRows(of: dy.values, addingTo: dBias) }
  }
}
