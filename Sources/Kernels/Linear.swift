import Buffers

/// A fully connected layer with Hugging Face's `Conv1D` layout of weights, (in, out).
///
///     y = x W + b
public enum Linear {
  /// - Parameters:
  ///   - x: (rows, in)
  ///   - weight: (in, out)
  ///   - bias: (out)
  ///   - y: (rows, out), overwritten
  public static func forward(_ x: Matrix, weight: Matrix, bias: Vector, into y: Matrix) {
    Elementwise.broadcastRows(bias, into: y)
    MatrixProduct.multiply(x, weight, beta: 1, into: y)
  }

  /// dx = dy Wᵀ
  ///
  /// - Parameters:
  ///   - dy: (rows, out)
  ///   - weight: (in, out)
  ///   - dx: (rows, in), overwritten
  public static func backward(_ dy: Matrix, weight: Matrix, into dx: Matrix) {
    MatrixProduct.multiply(dy, weight, transposeB: true, into: dx)
  }

  /// dx += dy Wᵀ
  public static func backward(_ dy: Matrix, weight: Matrix, addingTo dx: Matrix) {
    MatrixProduct.multiply(dy, weight, transposeB: true, beta: 1, into: dx)
  }

  /// dW += xᵀ dy and db += Σ dy over all rows; windows on columns of `x` and `dy` give windows of dW.
  ///
  /// - Parameters:
  ///   - dy: (rows, out)
  ///   - x: (rows, in)
  ///   - dWeight: (in, out), added to
  ///   - dBias: (out), added to; nil where another window of the same columns has done it
  public static func backward(
    _ dy: Matrix, x: Matrix, addingToWeight dWeight: Matrix, bias dBias: Vector?
  ) {
    MatrixProduct.multiply(x, transposeA: true, dy, beta: 1, into: dWeight)
    if let dBias { Elementwise.sumRows(of: dy, addingTo: dBias) }
  }
}
