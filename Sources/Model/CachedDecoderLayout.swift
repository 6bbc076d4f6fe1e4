import Kernels

extension CachedDecoder {
  /// The parts of a decoder for generation that decide its memory, beside the model's shape.
  public struct Use: Sendable, Equatable {
    /// The format of the weights.
    public var precision = WeightPrecision.fp32
    /// Sequences that grow side by side, each with keys and values for a whole context; at least one.
    public var samples = 1

    /// One sequence, in fp32.
    public init(precision: WeightPrecision = .fp32, samples: Int = 1) {
      self.precision = precision
      self.samples = samples
    }
  }

  /// The most parts that the rows of a weight are cut into where few rows are multiplied; each part has partial sums, and these are
  /// added in the order of the parts.
  static let parts = 16
  /// The most columns of a tile of a prompt's product where the weights are widened first: they then fit the L2 cache.
  static let widenedColumns = 64

  /// The places of all vectors.
  struct Layout {
    /// Floats of the keys and values of a layer of a sample, and of a worker's scratch memory for attention and for widened weights.
    let cacheCount, scratchCount, widenedCount: Int
    let cache, stream, sum, qkv, attended, inner, statistics, logSumExp, logits: Int
    let partialSums, scratch, widened: Int
    let count: Int

    init(_ config: ModelConfig, threads: Int, use: Use) {
      precondition(use.samples > 0, "a decoder of \(use.samples) samples")
      var end = 0
      func padded(_ floats: Int) -> Int { (floats + 15) & ~15 }
      func take(_ floats: Int) -> Int {
        defer { end += padded(floats) }
        return end
      }
      let rows = max(config.context, use.samples)
      // Padded, so that those of all samples are aligned alike.
      cacheCount = padded(config.context * 2 * config.width)
      scratchCount = padded(Attention.scratchCount(length: config.context))
      widenedCount =
        use.precision == .bf16 ? padded(config.innerWidth * CachedDecoder.widenedColumns) : 0
      cache = take(use.samples * config.layers * cacheCount)
      stream = take(rows * config.width)
      sum = take(rows * config.width)
      qkv = take(rows * 3 * config.width)
      attended = take(rows * config.width)
      inner = take(rows * config.innerWidth)
      statistics = take(2 * rows)
      logSumExp = take(config.heads * config.context)
      logits = take(use.samples * config.vocabularySize)
      partialSums = take(CachedDecoder.parts * use.samples * config.innerWidth)
      scratch = take(threads * scratchCount)
      widened = take(threads * widenedCount)
      count = end
    }
  }
}
