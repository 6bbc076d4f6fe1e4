import Buffers

/// The arithmetic of bf16 products on any CPU: fp32 products of factors widened again. A product of two brain floats is exact in fp32, so
/// that only the order of the sums differs from the native one.
///
/// For rehearsing a bf16 run, and for tests; slower than fp32.
public final class EmulatedBFloat16Products: MatrixProducts {
  private let scratch = FloatBuffer(2 * EmulatedBFloat16Products.factorCount)
  private let products: any MatrixProducts

  /// Terms of the sums that are added at once, and the most rows or columns of the product then.
  private static let depth = 256
  private static let factorCount = 1_024 * depth

  /// The products of one thread at a time.
  ///
  /// - Parameter products: the engine of the fp32 products
  public init(by products: any MatrixProducts) { self.products = products }

  /// See the protocol; both factors are rounded.
  public func compute(_ product: MatrixProduct) {
    let (a, b) = product.roundedFactors
    let adds = product.fillWithBias() == 1
    for rows in parts(product.c.rows) {
      for columns in parts(product.c.columns) {
        for terms in parts(product.inner, Self.depth) {
          let first =
            product.transposeA ? a[rows: terms][columns: rows] : a[rows: rows][columns: terms]
          let second =
            product.transposeB ? b[rows: columns][columns: terms] : b[rows: terms][columns: columns]
          products.multiply(
            widened(first, 0), transposeA: product.transposeA, widened(second, Self.factorCount),
            transposeB: product.transposeB, alpha: product.alpha,
            adding: terms.lowerBound > 0 || adds, into: product.c[rows: rows][columns: columns])
        }
      }
    }
  }

  private func parts(_ count: Int, _ size: Int = 1_024) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  private func widened(_ factor: BFloat16Matrix, _ start: Int) -> Factor {
    let result = scratch.matrix(rows: factor.rows, columns: factor.columns, at: start)
    for row in 0..<factor.rows { factor.widen(row: row, into: result[row: row]) }
    return Factor(result)
  }
}
