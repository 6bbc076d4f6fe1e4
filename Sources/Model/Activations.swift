import Buffers
import Kernels

/// The memory of forward and backward passes over at most `rows` = B·T tokens, taken once.
///
/// A training pass keeps, for every block, what backward reads: 12 C + 4 floats a token and H log-sum-exps. A pass without backward
/// uses one block's memory for all.
final class Activations {
  private let storage: FloatBuffer
  private let layout: ActivationLayout

  init(_ layout: ActivationLayout) {
    self.layout = layout
    storage = FloatBuffer(layout.count)
  }

  /// What block `layer` writes in forward.
  struct Block {
    /// (R, 3C) queries, keys and values
    let qkv: Matrix
    /// (B · H, T) log-sum-exp of each row of scores, for the batch at hand
    let logSumExp: Vector
    /// (R, C) the heads' outputs side by side
    let attended: Matrix
    /// (R, C) x + attn(x), before `ln_1`
    let sum1: Matrix
    let mean1: Vector
    let rstd1: Vector
    /// (R, C) n
    let normed: Matrix
    /// (R, 4C) before GELU
    let inner: Matrix
    /// (R, C) n + mlp(n), before `ln_2`
    let sum2: Matrix
    let mean2: Vector
    let rstd2: Vector
    /// (R, C) y
    let output: Matrix
  }

  private func matrix(_ range: Range<Int>, rows: Int) -> Matrix {
    let columns = range.count / layout.rows
    return storage[range.lowerBound..<range.lowerBound + rows * columns]
      .matrix(rows: rows, columns: columns)
  }

  private func vector(_ range: Range<Int>, rows: Int) -> Vector {
    let columns = range.count / layout.rows
    return storage[range.lowerBound..<range.lowerBound + rows * columns]
  }

  func block(_ layer: Int, rows: Int) -> Block {
    let ranges = layout.blocks[layer]
    return Block(
      qkv: matrix(ranges.qkv, rows: rows), logSumExp: vector(ranges.logSumExp, rows: rows),
      attended: matrix(ranges.attended, rows: rows), sum1: matrix(ranges.sum1, rows: rows),
      mean1: vector(ranges.mean1, rows: rows), rstd1: vector(ranges.rstd1, rows: rows),
      normed: matrix(ranges.normed, rows: rows), inner: matrix(ranges.inner, rows: rows),
      sum2: matrix(ranges.sum2, rows: rows), mean2: vector(ranges.mean2, rows: rows),
      rstd2: vector(ranges.rstd2, rows: rows), output: matrix(ranges.output, rows: rows))
  }

  /// (R, C) token plus position embedding after dropout.
  func embedded(rows: Int) -> Matrix { matrix(layout.embedded, rows: rows) }

  /// (R, 4C) GELU's output of the block at hand; backward computes it anew.
  func activated(rows: Int) -> Matrix { matrix(layout.activated, rows: rows) }

  /// (R) loss of each position.
  func losses(rows: Int) -> Vector { vector(layout.losses, rows: rows) }

  /// (rows, V) logits of one chunk of rows, padded with `Softmax.masked` to whole vectors.
  func logits(rows: Int) -> Matrix {
    let columns = Softmax.paddedCount(layout.vocabularySize)
    return storage[layout.logits.lowerBound..<layout.logits.lowerBound + rows * columns]
      .matrix(rows: rows, columns: columns)
  }

  /// Scratch memory of attention for each worker.
  func attentionScratch(worker: Int) -> Vector {
    let start = layout.attentionScratch.lowerBound + worker * layout.attentionScratchCount
    return storage[start..<start + layout.attentionScratchCount]
  }

  /// What backward writes, shared by all blocks.
  struct Gradients {
    /// (R, C) the gradient that walks down the residual stream, in place through every operation
    let stream: Matrix
    /// (R, C) of the MLP's output before dropout
    let mlpOutput: Matrix
    /// (R, 4C) of the MLP's hidden layer
    let inner: Matrix
    /// (R, C) of the attention's output projection before dropout
    let attentionOutput: Matrix
    /// (R, C) of the heads' outputs
    let attended: Matrix
    /// (R, 3C)
    let qkv: Matrix
    /// (tiles, 4C) of gain and bias of both norms, a row for each tile of rows
    let norms: Matrix
  }

  func gradients(rows: Int) -> Gradients {
    Gradients(
      stream: matrix(layout.dStream, rows: rows), mlpOutput: matrix(layout.dMLPOutput, rows: rows),
      inner: matrix(layout.dInner, rows: rows),
      attentionOutput: matrix(layout.dAttentionOutput, rows: rows),
      attended: matrix(layout.dAttended, rows: rows), qkv: matrix(layout.dQKV, rows: rows),
      norms: storage[layout.dNorms].matrix(
        rows: layout.tiles, columns: layout.dNorms.count / layout.tiles))
  }
}

/// Where everything of `Activations` lies: the same arithmetic predicts memory and cuts it.
struct ActivationLayout {
  let rows: Int
  let vocabularySize: Int
  let tiles: Int
  private(set) var count = 0

  private(set) var blocks: [BlockRanges] = []
  let embedded: Range<Int>
  let activated: Range<Int>
  let losses: Range<Int>
  let logits: Range<Int>
  let attentionScratch: Range<Int>
  let attentionScratchCount: Int
  let dStream: Range<Int>
  let dMLPOutput: Range<Int>
  let dInner: Range<Int>
  let dAttentionOutput: Range<Int>
  let dAttended: Range<Int>
  let dQKV: Range<Int>
  let dNorms: Range<Int>

  struct BlockRanges {
    let qkv, logSumExp, attended, sum1, mean1, rstd1, normed, inner, sum2, mean2, rstd2,
      output: Range<Int>
  }

  init(_ config: ModelConfig, rows: Int, training: Bool, threads: Int) {
    self.rows = rows
    vocabularySize = config.vocabularySize
    tiles = (rows + Pass.tileRows - 1) / Pass.tileRows
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
    func block() -> BlockRanges {
      BlockRanges(
        qkv: perRow(3 * width), logSumExp: perRow(config.heads), attended: perRow(width),
        sum1: perRow(width), mean1: perRow(1), rstd1: perRow(1), normed: perRow(width),
        inner: perRow(config.innerWidth), sum2: perRow(width), mean2: perRow(1), rstd2: perRow(1),
        output: perRow(width))
    }
    if training {
      blocks = (0..<config.layers).map { _ in block() }
    } else {
      blocks = Array(repeating: block(), count: config.layers)
    }
    embedded = perRow(width)
    activated = perRow(config.innerWidth)
    losses = perRow(1)
    logits = take(
      min(rows, OutputHead.chunkRows) * Softmax.paddedCount(config.vocabularySize))
    attentionScratchCount = Attention.scratchCount(length: config.context)
    attentionScratch = take(threads * attentionScratchCount)
    let backward = training ? 1 : 0
    dStream = perRow(width)
    dMLPOutput = perRow(backward * width)
    dInner = perRow(backward * config.innerWidth)
    dAttentionOutput = perRow(backward * width)
    dAttended = perRow(backward * width)
    dQKV = perRow(backward * 3 * width)
    dNorms = take(backward * tiles * 4 * width)
    count = end
  }
}
