import Kernels

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

  /// True if this machine supports the precision.
  public var isSupported: Bool { self != .bf16 || NativeBFloat16Products.isSupported }

  /// The engines that multiply rounded factors, one per worker; none in fp32. Traps if the precision is not supported.
  public func products(workers: Int) -> [any BFloat16Products] {
    (0..<workers).compactMap { _ in
      switch self {
      case .fp32: nil
      case .bf16: NativeBFloat16Products()
      case .bf16Emulated: EmulatedBFloat16Products()
      }
    }
  }
}

/// The purpose of a decoder, which determines its memory.
public struct DecoderUse: Sendable, Equatable {
  /// The most tokens (B·T) of a batch.
  public var capacity: Int
  /// True if `backward` will be called; otherwise much less memory is taken.
  public var training: Bool
  /// Arithmetic of the matrix products.
  public var precision = Precision.fp32
  /// True if backward recomputes each block's activations (Chen et al. 2016, arXiv:1604.06174) instead of reading stored ones.
  public var recompute = false

  /// Everything kept, in fp32.
  public init(capacity: Int, training: Bool) {
    (self.capacity, self.training) = (capacity, training)
  }
}
