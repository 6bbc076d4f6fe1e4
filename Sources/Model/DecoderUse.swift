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
  /// The most rows of a tile of a matrix product. Engines copy a part of the factors for every tile, so many rows are fastest on few
  /// threads; fewer rows give many threads enough tiles. Bounds of tiles do not depend on the number of threads, which never changes
  /// a result. nil for those that suit the engine: see `productRows`.
  public var tileRows: Int?
  /// True if backward recomputes each block's activations (Chen et al. 2016, arXiv:1604.06174) instead of reading stored ones.
  public var recompute = false

  /// Everything kept, in fp32.
  public init(capacity: Int, training: Bool) {
    (self.capacity, self.training) = (capacity, training)
  }

  /// The library of the matrix products.
  public var productEngine: ProductEngine { engine ?? .automatic(for: precision) }

  /// The most rows of a tile. OpenBLAS copies factors more slowly than oneDNN, so it needs higher tiles.
  var productRows: Int { tileRows ?? (productEngine == .onednn ? 256 : 512) }

  /// An engine of matrix products for each worker.
  public func products(workers: Int) -> [any MatrixProducts] {
    productEngine.products(precision, workers: workers)
  }
}
