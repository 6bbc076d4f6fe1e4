import Buffers
import Kernels

/// The memory of forward and backward passes over at most `rows` tokens, taken once.
///
/// A training pass keeps, for every block, what backward reads: 12 C + 4 floats a token and H log-sum-exps; C + 2 of them where
/// the others are recomputed. A pass without backward uses one block's memory for all. In bf16 the factors of products have half as
/// many floats again for their rounding.
final class Activations {
  private let storage: FloatBuffer
  private let layout: ActivationLayout

  init(_ layout: ActivationLayout, team: ThreadTeam) {
    self.layout = layout
    storage = FloatBuffer(layout.count)
    team.clear(storage.vector)
  }

  /// The activations that block `layer` writes in forward.
  struct Block {
    /// (R, C) x
    let input: Factor
    /// (R, 3C) queries, keys and values
    let qkv: Factor
    /// (B · H, T) log-sum-exp of each row of scores, for the batch at hand
    let logSumExp: Vector
    /// (R, C) the heads' outputs side by side
    let attended: Factor
    /// (R, C) x + attn(x), before `ln_1`
    let sum1: Matrix
    let mean1: Vector
    let rstd1: Vector
    /// (R, C) n
    let normed: Factor
    /// (R, 4C) before GELU
    let inner: Matrix
    /// (R, C) n + mlp(n), before `ln_2`
    let sum2: Matrix
    let mean2: Vector
    let rstd2: Vector
    /// (R, C) y
    let output: Factor
  }

  private func matrix(_ range: Range<Int>, rows: Int) -> Matrix {
    let columns = range.count / layout.rows
    return storage[range.lowerBound..<range.lowerBound + rows * columns]
      .matrix(rows: rows, columns: columns)
  }

  private func factor(_ place: ActivationLayout.Place, rows: Int, of capacity: Int) -> Factor {
    let columns = place.values.count / capacity
    let start = place.values.lowerBound
    let values = storage.matrix(rows: rows, columns: columns, at: start)
    return Factor(
      values,
      rounded: place.rounded.map {
        storage[$0.lowerBound..<$0.lowerBound + (rows * columns + 1) / 2]
          .brainFloats(rows: rows, columns: columns)
      })
  }

  private func factor(_ place: ActivationLayout.Place, rows: Int) -> Factor {
    factor(place, rows: rows, of: layout.rows)
  }

  private func vector(_ range: Range<Int>, rows: Int) -> Vector {
    let columns = range.count / layout.rows
    return storage[range.lowerBound..<range.lowerBound + rows * columns]
  }

  func block(_ layer: Int, rows: Int) -> Block {
    let ranges = layout.blocks[layer]
    return Block(
      input: stream(layer, rows: rows), qkv: factor(ranges.qkv, rows: rows),
      logSumExp: vector(ranges.logSumExp, rows: rows),
      attended: factor(ranges.attended, rows: rows),
      sum1: matrix(ranges.sum1, rows: rows), mean1: vector(ranges.mean1, rows: rows),
      rstd1: vector(ranges.rstd1, rows: rows), normed: factor(ranges.normed, rows: rows),
      inner: matrix(ranges.inner, rows: rows), sum2: matrix(ranges.sum2, rows: rows),
      mean2: vector(ranges.mean2, rows: rows), rstd2: vector(ranges.rstd2, rows: rows),
      output: stream(layer + 1, rows: rows))
  }

  /// (R, C) input of block `layer`; of the first it is token plus position embedding after dropout.
  func stream(_ layer: Int, rows: Int) -> Factor {
    factor(layout.streams[layer], rows: rows)
  }

  /// (R, 4C) GELU's output of the current block; backward recomputes it.
  func activated(rows: Int) -> Factor { factor(layout.activated, rows: rows) }

  /// (R) loss of each position.
  func losses(rows: Int) -> Vector { vector(layout.losses, rows: rows) }

  /// (rows, V) logits of one chunk of rows, padded with `Softmax.masked` to whole vectors.
  func logits(rows: Int) -> Factor {
    factor(layout.logits, rows: rows, of: layout.logitsRows)
  }

  /// Buffers of a task's linear layer, for a batch of `sequences`.
  struct Scores {
    /// (B, padded N) those of an example begin in the row of its first sequence, and fill no row of another
    let logits: Matrix
    /// (B, padded N) the gradient of each example's own loss, likewise
    let dLogits: Matrix
    /// (B) the loss of each example, as far as there are examples
    let losses: Vector
    /// (B, C) what the layer reads or its gradient, for an operation at a time: memory that blocks have done with when forward
    /// ends, and not begun with when backward begins
    let inputs: Matrix
  }

  func scores(sequences: Int) -> Scores {
    let activated = activated(rows: sequences).values
    return Scores(
      logits: matrix(layout.scores, rows: sequences),
      dLogits: matrix(layout.dScores, rows: sequences),
      losses: vector(layout.exampleLosses, rows: sequences),
      inputs: activated[columns: 0..<activated.columns / 4])
  }

  /// Scratch memory of attention for each worker.
  func attentionScratch(worker: Int) -> Vector {
    let start = layout.attentionScratch.lowerBound + worker * layout.attentionScratchCount
    return storage[start..<start + layout.attentionScratchCount]
  }

  /// The gradients that backward writes, shared by all blocks.
  struct Gradients {
    /// (R, C) the gradient that walks down the residual stream, in place through every operation
    let stream: Matrix
    /// (R, C) of the MLP's output before dropout
    let mlpOutput: Factor
    /// (R, 4C) of the MLP's hidden layer
    let inner: Factor
    /// (R, C) of the attention's output projection before dropout
    let attentionOutput: Factor
    /// (R, C) of the heads' outputs
    let attended: Factor
    /// (R, 3C)
    let qkv: Factor
    /// (tiles, 4C) of gain and bias of both norms, a row for each tile of rows
    let norms: Matrix
  }

  func gradients(rows: Int) -> Gradients {
    let tiles = (layout.rows + Pass.rowTileHeight - 1) / Pass.rowTileHeight
    return Gradients(
      stream: matrix(layout.dStream, rows: rows), mlpOutput: factor(layout.dMLPOutput, rows: rows),
      inner: factor(layout.dInner, rows: rows),
      attentionOutput: factor(layout.dAttentionOutput, rows: rows),
      attended: factor(layout.dAttended, rows: rows), qkv: factor(layout.dQKV, rows: rows),
      norms: storage[layout.dNorms].matrix(
        rows: tiles, columns: layout.dNorms.count / tiles))
  }
}
