import Buffers
import COpenBLAS

/// C = α·op(A)·op(B) + β·C on row-major windows, by OpenBLAS's sgemm in the calling thread.
public enum MatrixProduct {
  /// Overwrites or adds to `c`.
  ///
  /// - Parameters:
  ///   - a: (M, K), or (K, M) when `transposeA`
  ///   - b: (K, N), or (N, K) when `transposeB`
  ///   - c: (M, N); overwritten where β is 0, else scaled by β and added to
  public static func multiply(
    _ a: Matrix, transposeA: Bool = false, _ b: Matrix, transposeB: Bool = false,
    alpha: Float = 1, beta: Float = 0, into c: Matrix
  ) {
    let inner = transposeA ? a.rows : a.columns
    precondition(
      (transposeA ? a.columns : a.rows) == c.rows && (transposeB ? b.rows : b.columns) == c.columns
        && (transposeB ? b.columns : b.rows) == inner,
      "matrix product of shapes that do not fit")
    guard c.rows > 0, c.columns > 0 else { return }
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
