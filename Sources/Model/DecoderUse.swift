import Kernels

/// The purpose of a decoder, which determines its memory.
public struct DecoderUse: Sendable, Equatable {
  /// The most tokens (R) of a batch.
  public var capacity: Int
  /// True if `backward` will be called; otherwise much less memory is taken.
  public var training: Bool
  /// Arithmetic of the matrix products.
  public var precision = Precision.fp32
  /// The library of the matrix products; nil for the one that `ProductEngine.automatic` names.
  public var engine: ProductEngine?
  /// True if backward recomputes each block's activations (Chen et al. 2016, arXiv:1604.06174) instead of reading stored ones.
  public var recompute = false

  /// Everything kept, in fp32.
  public init(capacity: Int, training: Bool) {
    (self.capacity, self.training) = (capacity, training)
  }

  /// The library of the matrix products.
  public var productEngine: ProductEngine { engine ?? .automatic(for: precision) }

  /// An engine of matrix products for each worker.
  public func products(workers: Int) -> [any MatrixProducts] {
    productEngine.products(precision, workers: workers)
  }
}
