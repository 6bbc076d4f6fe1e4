import Buffers
import COpenBLAS

/// Products in fp32 by OpenBLAS's sgemm, with the kernels that it chose for the CPU or that OPENBLAS_CORETYPE names.
public final class OpenBLASProducts: MatrixProducts {
  /// The products of one thread at a time. A team must have taken the workspaces: see `ProductWorkspaces`.
  public init() {}

  /// See the protocol.
  public func compute(_ product: MatrixProduct) {
    let beta = product.fillWithBias()
    let (a, b, c) = (product.a.values, product.b.values, product.c)
    if c.rows == 1, !product.transposeA {
      // One row is a matrix times a vector: sgemm would copy all of B first.
      return unsafe cblas_sgemv(
        CblasRowMajor, product.transposeB ? CblasNoTrans : CblasTrans, blasint(b.rows),
        blasint(b.columns), product.alpha, b.base, blasint(b.stride), a.base, 1, beta, c.base, 1)
    }
    unsafe cblas_sgemm(
      CblasRowMajor, product.transposeA ? CblasTrans : CblasNoTrans,
      product.transposeB ? CblasTrans : CblasNoTrans, blasint(c.rows), blasint(c.columns),
      blasint(product.inner), product.alpha, a.base, blasint(a.stride), b.base, blasint(b.stride),
      beta, c.base, blasint(c.stride))
  }
}
