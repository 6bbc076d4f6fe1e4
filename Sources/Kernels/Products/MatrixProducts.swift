import Buffers

/// An engine of matrix products: a library and its arithmetic. Each worker of a team owns one, and nothing else knows which it is.
///
/// `multiply` checks the shapes and calls `compute`, which engines implement.
public protocol MatrixProducts: AnyObject {
  /// Computes in the calling thread. The shapes fit, and no side of C is 0.
  func compute(_ product: MatrixProduct)
}

/// C = α·op(A)·op(B), plus C or a bias for every row, on row-major windows.
public struct MatrixProduct {
  /// (M, K), or (K, M) if `transposeA`
  public let a: Factor
  /// True if A is read by columns.
  public let transposeA: Bool
  /// (K, N), or (N, K) if `transposeB`
  public let b: Factor
  /// True if B is read by columns.
  public let transposeB: Bool
  /// α
  public let alpha: Float
  /// True to add to C; there is no bias then.
  public let adds: Bool
  /// (N), added to every row
  public let bias: Vector?
  /// (M, N)
  public let c: Matrix

  /// K
  public var inner: Int { transposeA ? a.rows : a.columns }

  /// Overwrites C with the bias, for an engine that can only add to C or overwrite it.
  ///
  /// - Returns: β, 1 if the engine has to add to C
  func fillWithBias() -> Float {
    guard let bias else { return adds ? 1 : 0 }
    Elementwise.broadcastRows(bias, into: c)
    return 1
  }
}

extension MatrixProducts {
  /// C = α·op(A)·op(B), plus C or a bias for every row, in the calling thread. Traps if the shapes do not fit.
  ///
  /// - Parameters:
  ///   - a: (M, K), or (K, M) if `transposeA`
  ///   - b: (K, N), or (N, K) if `transposeB`
  ///   - adding: true to add to `c`, without a bias then; false to overwrite it
  ///   - bias: (N), added to every row
  ///   - c: (M, N)
  public func multiply(
    _ a: Factor, transposeA: Bool = false, _ b: Factor, transposeB: Bool = false,
    alpha: Float = 1, adding: Bool = false, bias: Vector? = nil, into c: Matrix
  ) {
    let product = MatrixProduct(
      a: a, transposeA: transposeA, b: b, transposeB: transposeB, alpha: alpha, adds: adding,
      bias: bias, c: c)
    precondition(
      (transposeA ? a.columns : a.rows) == c.rows
        && (transposeB ? b.rows : b.columns) == c.columns
        && (transposeB ? b.columns : b.rows) == product.inner,
      "matrix product of shapes that do not fit")
    precondition(!adding || bias == nil, "a product is added, or overwrites with a bias")
    precondition(bias.map { $0.count == c.columns } ?? true, "a bias of another width")
    guard c.rows > 0, c.columns > 0 else { return }
    compute(product)
  }
}
