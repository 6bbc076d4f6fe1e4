import Buffers
import Kernels

/// A post-norm block of GPT-1: `n = LN₁(x + attn(x)); y = LN₂(n + mlp(n))`, on the windows of one pass.
struct Block {
  let layer: Int
  let weights: BlockTensors
  let tape: Activations.Block
  let pass: Pass

  /// Everything, from the block's input x to its output.
  func forward() {
    forwardToMLP()
    product(.mlpOutput, pass.activations.activated(rows: pass.rows), weights.mlpOutput, tape.sum2)
    normalise2 { row in
      pass.drop(
        tape.sum2[row: row], row: row, layer: layer, place: .mlpOutput, into: tape.sum2[row: row])
      Elementwise.add(
        tape.sum2[row: row], tape.normed.values[row: row], into: tape.sum2[row: row])
    }
  }

  /// All that backward reads and that is not kept when activations are recomputed: up to the hidden layer of the MLP.
  func forwardToMLP() {
    product(.attentionInput, tape.input, weights.attention, tape.qkv.values) {
      tape.qkv[rows: $0][columns: $1].round()
    }
    attend()
    product(.attentionOutput, tape.attended, weights.attentionOutput, tape.sum1)
    pass.rowTiles { rows, worker in
      for row in rows {
        let sum = tape.sum1[row: row]
        pass.drop(sum, row: row, layer: layer, place: .attentionOutput, into: sum)
        Elementwise.add(sum, tape.input.values[row: row], into: sum)
      }
      normalise(
        tape.sum1, weights.norm1, rows: rows, into: tape.normed, mean: tape.mean1, rstd: tape.rstd1)
      observe(.norm1, worker, tape.normed.values, rows: rows)
    }
    let activated = pass.activations.activated(rows: pass.rows)
    product(.mlpInput, tape.normed, weights.mlpInput, tape.inner) { rows, columns in
      let inner = tape.inner[rows: rows][columns: columns]
      let tile = activated[rows: rows][columns: columns]
      for row in 0..<rows.count { GELU.forward(inner[row: row], into: tile.values[row: row]) }
      tile.round()
    }
  }

  /// `LN₂` from its sum on, row by row after `prepare`.
  func normalise2(_ prepare: (_ row: Int) -> Void = { _ in }) {
    pass.rowTiles { rows, worker in
      for row in rows { prepare(row) }
      normalise(
        tape.sum2, weights.norm2, rows: rows, into: tape.output, mean: tape.mean2, rstd: tape.rstd2)
      observe(.norm2, worker, tape.output.values, rows: rows)
    }
  }

  /// `y = x W + b` in tiles, each followed by `finish` while it is in a core's cache.
  private func product(
    _ operation: Operation, _ x: Factor, _ affine: Tensors.Affine, _ y: Matrix,
    finish: (_ rows: Range<Int>, _ columns: Range<Int>) -> Void = { _, _ in }
  ) {
    pass.productTiles(columns: y.columns) { rows, columns, worker in
      let tile = y[rows: rows][columns: columns]
      Linear.forward(
        x[rows: rows], weight: affine.weight[columns: columns], bias: affine.bias[columns],
        into: tile, by: pass.products[worker])
      finish(rows, columns)
      pass.observe(operation, layer: layer, worker: worker, tile, firstRow: rows.lowerBound)
    }
  }

  /// All heads of all sequences.
  private func attend() {
    pass.heads { sequence, head, scratch, worker in
      let window = Window(self, sequence: sequence, head: head)
      Attention.forward(
        q: window.q, k: window.k, v: window.v,
        at: pass.place(sequence: sequence, head: head, layer: layer), scratch: scratch,
        into: window.attended.values, logSumExp: window.logSumExp, by: pass.products[worker])
      window.attended.round()
      pass.observe(
        .attention, layer: layer, worker: worker, window.attended.values,
        firstRow: window.rows.lowerBound)
    }
  }

  private func normalise(
    _ x: Matrix, _ norm: Tensors.Norm, rows: Range<Int>, into y: Factor, mean: Vector,
    rstd: Vector
  ) {
    LayerNorm.forward(
      x[rows: rows], gain: norm.gain, bias: norm.bias, epsilon: pass.config.layerNormEpsilon,
      into: y.values[rows: rows], mean: mean[rows], rstd: rstd[rows])
    y[rows: rows].round()
  }

  /// Tells the observer of whole rows of a matrix of the batch.
  func observe(_ operation: Operation, _ worker: Int, _ output: Matrix, rows: Range<Int>) {
    pass.observe(
      operation, layer: layer, worker: worker, output[rows: rows], firstRow: rows.lowerBound)
  }

  /// The windows of one head of one sequence.
  struct Window {
    let rows: Range<Int>
    let columns: Range<Int>
    let q, k, v, attended: Factor
    let logSumExp: Vector

    init(_ block: Block, sequence: Int, head: Int) {
      let (heads, headWidth) = (block.pass.config.heads, block.pass.config.headWidth)
      rows = block.pass.batch.rows(of: sequence)
      columns = head * headWidth..<(head + 1) * headWidth
      (q, k, v) = Window.split(block.tape.qkv, rows, columns)
      attended = block.tape.attended[rows: rows][columns: columns]
      // A sequence's heads lie one after the other.
      let start = rows.lowerBound * heads + head * rows.count
      logSumExp = block.tape.logSumExp[start..<start + rows.count]
    }

    /// Queries, keys and values of the head with `columns` in a (R, 3C) matrix.
    static func split(
      _ qkv: Factor, _ rows: Range<Int>, _ columns: Range<Int>
    ) -> (Factor, Factor, Factor) {
      let width = qkv.columns / 3
      func part(_ index: Int) -> Factor {
        let start = index * width + columns.lowerBound
        return qkv[rows: rows][columns: start..<start + columns.count]
      }
      return (part(0), part(1), part(2))
    }
  }
}
