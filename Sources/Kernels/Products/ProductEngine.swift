import COneDNN

/// Arithmetic of the matrix products; everything else is in fp32.
public enum Precision: String, Sendable, Codable, CaseIterable {
  /// 32-bit floats.
  case fp32
  /// Factors rounded to bf16, sums in fp32.
  case bf16
  /// The same arithmetic on a CPU without bf16, slower than fp32: to rehearse a run.
  case bf16Emulated = "bf16-emulated"

  /// True if products read rounded factors.
  public var rounds: Bool { self != .fp32 }

  /// True if this machine supports the precision. bf16 needs AVX512_BF16 or AMX.
  public var isSupported: Bool { self != .bf16 || OneDNNMatmul.supportsBFloat16 }
}

/// The library that computes matrix products. To add one, implement `MatrixProducts` in a file beside this and add a case here.
public enum ProductEngine: String, Sendable, Codable, CaseIterable {
  /// OpenBLAS; fp32 only.
  case openblas
  /// oneDNN; the only one that computes in bf16.
  case onednn

  /// The engine that `--engine auto` means: a fixed rule of the CPU's instructions, so that ranks and restarts on equal machines agree.
  ///
  /// With AVX-512, oneDNN is faster at nearly all sizes of tiles (Zen 5, Cascade Lake); without it the two are level, and OpenBLAS stays.
  public static func automatic(for precision: Precision) -> ProductEngine {
    if precision == .bf16 { return .onednn }
    let avx512 = dnnl_cpu_isa_avx512_core.rawValue
    return dnnl_get_effective_cpu_isa().rawValue & avx512 == avx512 ? .onednn : .openblas
  }

  /// True if it computes in `precision`, as far as the CPU does.
  public func computes(_ precision: Precision) -> Bool { self == .onednn || precision != .bf16 }

  /// An engine in `precision` for each worker. Traps if the machine or the library does not support the precision.
  public func products(_ precision: Precision, workers: Int) -> [any MatrixProducts] {
    (0..<workers).map { _ in
      switch precision {
      case .fp32: products()
      case .bf16: OneDNNBFloat16Products()
      case .bf16Emulated: EmulatedBFloat16Products(by: products())
      }
    }
  }

  private func products() -> any MatrixProducts {
    switch self {
    case .openblas: OpenBLASProducts()
    case .onednn: OneDNNProducts()
    }
  }
}
