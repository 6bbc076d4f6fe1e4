import Buffers

/// Matrix products of bf16 factors with sums in fp32. Each worker of a team has one.
public protocol BFloat16Products: AnyObject {
  /// C = α·op(A)·op(B), plus C or a bias for every row; shapes as in `MatrixProduct.multiply`, which has checked them.
  func multiply(
    _ a: BFloat16Matrix, transposeA: Bool, _ b: BFloat16Matrix, transposeB: Bool, alpha: Float,
    adding: Bool, bias: Vector?, into c: Matrix)
}

/// Products by oneDNN with the CPU's bf16 instructions.
public final class NativeBFloat16Products: BFloat16Products {
  private let matmul = OneDNNMatmul(.bf16)

  /// True if this machine multiplies in bf16: it has AVX512_BF16 or AMX.
  public static var isSupported: Bool { OneDNNMatmul.supportsBFloat16 }

  /// Traps where bf16 is not supported.
  public init() {
    precondition(Self.isSupported, "products in bf16 on a processor without AVX512_BF16 and AMX")
  }

  /// See the protocol.
  public func multiply(
    _ a: BFloat16Matrix, transposeA: Bool, _ b: BFloat16Matrix, transposeB: Bool, alpha: Float,
    adding: Bool, bias: Vector?, into c: Matrix
  ) {
    matmul.multiply(
      OneDNNMatmul.Operand(a, transposed: transposeA),
      OneDNNMatmul.Operand(b, transposed: transposeB), alpha: alpha, adding: adding, bias: bias,
      into: c)
  }
}

/// The same arithmetic on any CPU, by sgemm on factors widened again to fp32: a product of two brain floats is exact in fp32,
/// so that only the order of the sums differs from the native one.
///
/// For rehearsing a bf16 run, and for tests; slower than fp32.
public final class EmulatedBFloat16Products: BFloat16Products {
  private let scratch = FloatBuffer(2 * EmulatedBFloat16Products.factorCount)

  /// Terms of the sums that are added at once, and the most rows or columns of the product then.
  private static let depth = 256
  private static let factorCount = 1_024 * depth

  /// The products of one thread at a time.
  public init() {}

  /// See the protocol.
  public func multiply(
    _ a: BFloat16Matrix, transposeA: Bool, _ b: BFloat16Matrix, transposeB: Bool, alpha: Float,
    adding: Bool, bias: Vector?, into c: Matrix
  ) {
    if let bias { Elementwise.broadcastRows(bias, into: c) }
    let inner = transposeA ? a.rows : a.columns
    for rows in parts(c.rows) {
      for columns in parts(c.columns) {
        for terms in parts(inner, Self.depth) {
          let beta: Float = terms.lowerBound == 0 && !adding && bias == nil ? 0 : 1
          let first = transposeA ? a[rows: terms][columns: rows] : a[rows: rows][columns: terms]
          let second =
            transposeB ? b[rows: columns][columns: terms] : b[rows: terms][columns: columns]
          MatrixProduct.multiply(
            widened(first, 0), transposeA: transposeA, widened(second, Self.factorCount),
            transposeB: transposeB, alpha: alpha, beta: beta,
            into: c[rows: rows][columns: columns])
        }
      }
    }
  }

  private func parts(_ count: Int, _ size: Int = 1_024) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  private func widened(_ factor: BFloat16Matrix, _ start: Int) -> Matrix {
    let result = scratch.matrix(rows: factor.rows, columns: factor.columns, at: start)
    for row in 0..<factor.rows { factor.widen(row: row, into: result[row: row]) }
    return result
  }
}
