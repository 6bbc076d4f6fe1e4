import Kernels

/// The places of all `Activations` in memory: the same arithmetic predicts the memory and cuts it.
struct ActivationLayout {
  let rows: Int
  let vocabularySize: Int
  /// Floats in all.
  private(set) var count = 0

  private(set) var blocks: [Block] = []
  /// The inputs of the blocks and, last, the output of the last one; some may share their memory.
  private(set) var streams: [Place] = []
  let activated: Place
  let losses: Range<Int>
  let logits: Place
  /// Rows of the head's chunks.
  let logitsRows: Int
  let attentionScratch: Range<Int>
  let attentionScratchCount: Int
  let dStream: Range<Int>
  let dMLPOutput, dInner, dAttentionOutput, dAttended, dQKV: Place
  let dNorms: Range<Int>
  /// Buffers of a task's linear layer: one row for each sequence that a batch may have; empty without such a layer.
  let scores, dScores, exampleLosses: Range<Int>

  /// A factor of products: its floats, and its rounding where products are in bf16.
  struct Place {
    let values: Range<Int>
    let rounded: Range<Int>?
  }

  struct Block {
    let qkv, attended, normed: Place
    let logSumExp, sum1, mean1, rstd1, inner, sum2, mean2, rstd2: Range<Int>
  }

  init(_ config: ModelConfig, _ use: DecoderUse, threads: Int) {
    let rows = use.capacity
    self.rows = rows
    vocabularySize = config.vocabularySize
    let width = config.width
    var end = 0
    /// Every range begins on a cache line.
    func take(_ floats: Int) -> Range<Int> {
      let start = end
      end += floats
      defer { end = (end + 15) & ~15 }
      return start..<end
    }
    func perRow(_ floats: Int) -> Range<Int> { take(rows * floats) }
    func factor(rows: Int, _ columns: Int) -> Place {
      let count = rows * columns
      return Place(
        values: take(count), rounded: use.precision.rounds ? take((count + 1) / 2) : nil)
    }
    func perRow(factor columns: Int) -> Place { factor(rows: rows, columns) }
    /// The activations that a block keeps when the others are recomputed: those from which its output follows.
    func kept() -> (sum2: Range<Int>, mean2: Range<Int>, rstd2: Range<Int>) {
      (perRow(width), perRow(1), perRow(1))
    }
    func block(_ kept: (sum2: Range<Int>, mean2: Range<Int>, rstd2: Range<Int>)) -> Block {
      Block(
        qkv: perRow(factor: 3 * width), attended: perRow(factor: width),
        normed: perRow(factor: width), logSumExp: perRow(config.heads), sum1: perRow(width),
        mean1: perRow(1), rstd1: perRow(1), inner: perRow(config.innerWidth), sum2: kept.sum2,
        mean2: kept.mean2, rstd2: kept.rstd2)
    }
    if use.training && !use.recompute {
      blocks = (0..<config.layers).map { _ in block(kept()) }
      streams = (0...config.layers).map { _ in perRow(factor: width) }
    } else {
      let shared = block(kept())
      // The embedding's output cannot be had again; of the others two are alive at a time.
      let first = perRow(factor: width)
      let others = [perRow(factor: width), perRow(factor: width)]
      streams = [first] + (0..<config.layers).map { others[$0 % 2] }
      blocks = (0..<config.layers).map { layer in
        let kept =
          use.training && layer > 0
          ? kept() : (sum2: shared.sum2, mean2: shared.mean2, rstd2: shared.rstd2)
        return Block(
          qkv: shared.qkv, attended: shared.attended, normed: shared.normed,
          logSumExp: shared.logSumExp, sum1: shared.sum1, mean1: shared.mean1, rstd1: shared.rstd1,
          inner: shared.inner, sum2: kept.sum2, mean2: kept.mean2, rstd2: kept.rstd2)
      }
    }
    activated = perRow(factor: config.innerWidth)
    losses = perRow(1)
    logitsRows = min(rows, OutputHead.chunkRows(config))
    logits = factor(rows: logitsRows, Softmax.paddedCount(config.vocabularySize))
    attentionScratchCount = Attention.scratchCount(length: config.context)
    attentionScratch = take(threads * attentionScratchCount)
    let backward = use.training ? 1 : 0
    dStream = perRow(backward * width)
    dMLPOutput = perRow(factor: backward * width)
    dInner = perRow(factor: backward * config.innerWidth)
    dAttentionOutput = perRow(factor: backward * width)
    dAttended = perRow(factor: backward * width)
    dQKV = perRow(factor: backward * 3 * width)
    let tiles = (rows + Pass.rowTileHeight - 1) / Pass.rowTileHeight
    dNorms = take(backward * tiles * 4 * width)
    let outputs = config.scores > 0 ? Softmax.paddedCount(config.scores) : 0
    scores = perRow(outputs)
    dScores = perRow(outputs)
    exampleLosses = perRow(min(1, outputs))
    count = end
  }
}
