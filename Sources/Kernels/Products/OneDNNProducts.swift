import Buffers
import COneDNN

/// Products in fp32 by oneDNN's sgemm, whose code is generated for the CPU and not for a shape: batches of any lengths cost nothing to set up.
public final class OneDNNProducts: MatrixProducts {
  /// The products of one thread at a time.
  public init() {}

  /// See the protocol.
  public func compute(_ product: MatrixProduct) {
    let beta = product.fillWithBias()
    let (a, b, c) = (product.a.values, product.b.values, product.c)
    func letter(_ transposed: Bool) -> CChar { CChar(UInt8(ascii: transposed ? "T" : "N")) }
    OneDNN.useCallingThread()
    unsafe OneDNN.check(
      dnnl_sgemm(
        letter(product.transposeA), letter(product.transposeB), dnnl_dim_t(c.rows),
        dnnl_dim_t(c.columns), dnnl_dim_t(product.inner), product.alpha, a.base,
        dnnl_dim_t(a.stride), b.base, dnnl_dim_t(b.stride), beta, c.base, dnnl_dim_t(c.stride)))
  }
}

/// Products by oneDNN with the CPU's bf16 instructions, and sums in fp32.
public final class OneDNNBFloat16Products: MatrixProducts {
  private let matmul = OneDNNMatmul(.bf16)

  /// The products of one thread at a time. Traps where bf16 is not supported.
  public init() {
    precondition(
      Precision.bf16.isSupported, "products in bf16 on a CPU without AVX512_BF16 and AMX")
  }

  /// See the protocol; both factors are rounded.
  public func compute(_ product: MatrixProduct) {
    let (a, b) = product.roundedFactors
    matmul.multiply(
      OneDNNMatmul.Operand(a, transposed: product.transposeA),
      OneDNNMatmul.Operand(b, transposed: product.transposeB), alpha: product.alpha,
      adding: product.adds, bias: product.bias, into: product.c)
  }
}

extension MatrixProduct {
  /// The roundings of both factors; traps if there are none.
  var roundedFactors: (BFloat16Matrix, BFloat16Matrix) {
    guard let a = a.rounded, let b = b.rounded else {
      preconditionFailure("a product in bf16 of factors that are not rounded")
    }
    return (a, b)
  }
}

/// The parts of oneDNN's interface that its engines share.
enum OneDNN {
  /// Keeps oneDNN from starting threads: Debian's library would do so in every thread of ours.
  static func useCallingThread() { omp_set_num_threads(1) }

  /// Ends the process if oneDNN failed: memory that was refused, or a mistake of ours, since shapes and CPU have been checked.
  static func check(_ status: dnnl_status_t) {
    if status == dnnl_out_of_memory { Refusal.memory(1 << 20, for: "oneDNN's products") }
    precondition(status == dnnl_success, "oneDNN refused a product: status \(status.rawValue)")
  }
}
