import Buffers
import Kernels

/// A post-norm block of GPT-1: `n = LN₁(x + attn(x)); y = LN₂(n + mlp(n))`, on the windows of one pass.
///
/// All but attention is local to a row, so that a tile of rows goes through the whole chain while it is in a core's cache.
struct Block {
  let layer: Int
  let weights: BlockTensors
  let activations: Activations.Block
  let pass: Pass

  private var width: Int { pass.config.width }

  /// A tile of `qkv = x W + b`.
  func projectInput(_ x: Matrix, rows: Range<Int>) {
    Linear.forward(
      x[rows: rows], weight: weights.attention.weight, bias: weights.attention.bias,
      into: activations.qkv[rows: rows])
    pass.observe(.attentionInput, layer: layer, activations.qkv, rows: rows)
  }

  /// All heads of all sequences.
  func attend() {
    pass.heads { sequence, head, scratch in
      let window = Window(self, sequence: sequence, head: head)
      let attended = window.attended
      Attention.forward(
        q: window.q, k: window.k, v: window.v,
        at: pass.place(sequence: sequence, head: head, layer: layer), scratch: scratch,
        into: attended, logSumExp: window.logSumExp)
      pass.observer?.finished(
        .attention, layer: layer, output: attended, firstRow: sequence * pass.batch.length)
    }
  }

  /// A tile of everything after attention.
  func finish(_ x: Matrix, rows: Range<Int>) {
    let tape = activations
    let tile = tape.sum1[rows: rows]
    Linear.forward(
      tape.attended[rows: rows], weight: weights.attentionOutput.weight,
      bias: weights.attentionOutput.bias, into: tile)
    pass.observe(.attentionOutput, layer: layer, tape.sum1, rows: rows)
    pass.drop(tape.sum1, rows: rows, layer: layer, place: .attentionOutput, into: tape.sum1)
    Elementwise.add(tile.vector, x[rows: rows].vector, into: tile.vector)
    normalise(
      tape.sum1, weights.norm1, rows: rows, into: tape.normed, mean: tape.mean1, rstd: tape.rstd1)
    pass.observe(.norm1, layer: layer, tape.normed, rows: rows)

    let activated = pass.activations.activated(rows: pass.rows)
    Linear.forward(
      tape.normed[rows: rows], weight: weights.mlpInput.weight, bias: weights.mlpInput.bias,
      into: tape.inner[rows: rows])
    pass.observe(.mlpInput, layer: layer, tape.inner, rows: rows)
    GELU.forward(tape.inner[rows: rows].vector, into: activated[rows: rows].vector)
    pass.observe(.gelu, layer: layer, activated, rows: rows)
    let sum2 = tape.sum2[rows: rows]
    Linear.forward(
      activated[rows: rows], weight: weights.mlpOutput.weight, bias: weights.mlpOutput.bias,
      into: sum2)
    pass.observe(.mlpOutput, layer: layer, tape.sum2, rows: rows)
    pass.drop(tape.sum2, rows: rows, layer: layer, place: .mlpOutput, into: tape.sum2)
    Elementwise.add(sum2.vector, tape.normed[rows: rows].vector, into: sum2.vector)
    normalise(
      tape.sum2, weights.norm2, rows: rows, into: tape.output, mean: tape.mean2, rstd: tape.rstd2)
    pass.observe(.norm2, layer: layer, tape.output, rows: rows)
  }

  private func normalise(
    _ x: Matrix, _ norm: Tensors.Norm, rows: Range<Int>, into y: Matrix, mean: Vector, rstd: Vector
  ) {
    LayerNorm.forward(
      x[rows: rows], gain: norm.gain, bias: norm.bias, epsilon: pass.config.layerNormEpsilon,
      into: y[rows: rows], mean: mean[rows], rstd: rstd[rows])
  }

  /// The windows of one head of one sequence.
  struct Window {
    let rows: Range<Int>
    let columns: Range<Int>
    let q, k, v, attended: Matrix
    let logSumExp: Vector

    init(_ block: Block, sequence: Int, head: Int) {
      let length = block.pass.batch.length
      let headWidth = block.pass.config.headWidth
      rows = sequence * length..<(sequence + 1) * length
      columns = head * headWidth..<(head + 1) * headWidth
      (q, k, v) = Window.split(block.activations.qkv, rows, columns)
      attended = block.activations.attended[rows: rows][columns: columns]
      let pair = sequence * block.pass.config.heads + head
      logSumExp = block.activations.logSumExp[pair * length..<(pair + 1) * length]
    }

    /// Queries, keys and values of the head with `columns` in a (R, 3C) matrix.
    static func split(
      _ qkv: Matrix, _ rows: Range<Int>, _ columns: Range<Int>
    ) -> (Matrix, Matrix, Matrix) {
      let width = qkv.columns / 3
      func part(_ index: Int) -> Matrix {
        let start = index * width + columns.lowerBound
        return qkv[rows: rows][columns: start..<start + columns.count]
      }
      return (part(0), part(1), part(2))
    }
  }
}
