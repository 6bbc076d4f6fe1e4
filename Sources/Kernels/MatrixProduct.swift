import Buffers
import COpenBLAS

/// A factor of a matrix product: floats, and their rounding to bf16 if products are in bf16.
public protocol Factor {
  /// The elements in fp32.
  var values: Matrix { get }
  /// The elements in bf16; nil where there are only floats.
  var rounded: BFloat16Matrix? { get }
  /// The window on some of the rows.
  subscript(rows range: Range<Int>) -> Self { get }
  /// The window on some of the columns.
  subscript(columns range: Range<Int>) -> Self { get }
}

extension Matrix: Factor {
  /// The matrix itself.
  public var values: Matrix { self }
  /// There is none.
  public var rounded: BFloat16Matrix? { nil }
}

/// C = α·op(A)·op(B) + β·C on row-major windows, in the calling thread.
public enum MatrixProduct {
  /// Overwrites or adds to `c`: by OpenBLAS's sgemm, or in bf16 where `products` is given.
  ///
  /// - Parameters:
  ///   - a: (M, K), or (K, M) when `transposeA`
  ///   - b: (K, N), or (N, K) when `transposeB`
  ///   - beta: 0 or 1
  ///   - bias: (N), added to every row of a `c` that is overwritten
  ///   - c: (M, N); overwritten where β is 0, else added to
  ///   - products: the calling thread's; both factors are rounded then
  public static func multiply(
    _ a: some Factor, transposeA: Bool = false, _ b: some Factor, transposeB: Bool = false,
    alpha: Float = 1, beta: Float = 0, bias: Vector? = nil, into c: Matrix,
    by products: (any BFloat16Products)? = nil
  ) {
    let inner = transposeA ? a.values.rows : a.values.columns
    precondition(
      (transposeA ? a.values.columns : a.values.rows) == c.rows
        && (transposeB ? b.values.rows : b.values.columns) == c.columns
        && (transposeB ? b.values.columns : b.values.rows) == inner,
      "matrix product of shapes that do not fit")
    precondition(
      beta == 0 || (beta == 1 && bias == nil), "a product is added, or overwrites with a bias")
    precondition(bias.map { $0.count == c.columns } ?? true, "a bias of another width")
    guard c.rows > 0, c.columns > 0 else { return }
    if let products {
      guard let a = a.rounded, let b = b.rounded else {
        preconditionFailure("a product in bf16 of factors that are not rounded")
      }
      return products.multiply(
        a, transposeA: transposeA, b, transposeB: transposeB, alpha: alpha, adding: beta == 1,
        bias: bias, into: c)
    }
    var beta = beta
    if let bias {
      // The product adds to what it finds; sgemm would otherwise write zeros here itself.
      Elementwise.broadcastRows(bias, into: c)
      beta = 1
    }
    multiply(
      a.values, transposeA, b.values, transposeB, inner: inner, alpha: alpha, beta: beta, into: c)
  }

  private static func multiply(
    _ a: Matrix, _ transposeA: Bool, _ b: Matrix, _ transposeB: Bool, inner: Int, alpha: Float,
    beta: Float, into c: Matrix
  ) {
    if c.rows == 1, !transposeA {
      // One row is a matrix times a vector: sgemm would copy all of B first.
      return unsafe cblas_sgemv(
        CblasRowMajor, transposeB ? CblasNoTrans : CblasTrans, blasint(b.rows), blasint(b.columns),
        alpha, b.base, blasint(b.stride), a.base, 1, beta, c.base, 1)
    }
    unsafe cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(c.rows), blasint(c.columns), blasint(inner),
      alpha, a.base, blasint(a.stride), b.base, blasint(b.stride), beta, c.base, blasint(c.stride))
  }

  /// Σ a·b
  static func dot(_ a: Vector, _ b: Vector) -> Float {
    precondition(a.count == b.count, "a dot product of different sizes")
    return unsafe cblas_sdot(blasint(a.count), a.base, 1, b.base, 1)
  }
}
