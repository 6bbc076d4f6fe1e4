import Buffers
import Kernels

/// Backward through a block. The gradient of the residual stream is changed in place, from that of the block's output to that of
/// its input; the tensors' gradients are added to.
extension Block {
  func backward(_ x: Matrix, gradients: BlockTensors) {
    let d = pass.activations.gradients(rows: pass.rows)
    pass.tiles { rows, tile in backwardToAttention(d, rows: rows, norms: d.norms[row: tile]) }
    backwardAttention(d)
    pass.tiles { rows, _ in
      Linear.backward(
        d.qkv[rows: rows], weight: weights.attention.weight, addingTo: d.stream[rows: rows])
      pass.observe(.attentionInputBackward, layer: layer, d.stream, rows: rows)
    }
    backwardWeights(x, d, gradients: gradients)
  }

  /// A tile of everything after attention, from the output back to the heads' outputs.
  private func backwardToAttention(
    _ d: Activations.Gradients, rows: Range<Int>, norms: Vector
  ) {
    let tape = activations
    let stream = d.stream[rows: rows]
    let width = pass.config.width
    func part(_ index: Int) -> Vector { norms[index * width..<(index + 1) * width] }
    norms.fill(0)

    LayerNorm.backward(
      stream, x: tape.sum2[rows: rows], gain: weights.norm2.gain, mean: tape.mean2[rows],
      rstd: tape.rstd2[rows], into: stream, addingToGain: part(2), bias: part(3))
    pass.observe(.norm2Backward, layer: layer, d.stream, rows: rows)
    pass.drop(d.stream, rows: rows, layer: layer, place: .mlpOutput, into: d.mlpOutput)
    let inner = d.inner[rows: rows]
    Linear.backward(d.mlpOutput[rows: rows], weight: weights.mlpOutput.weight, into: inner)
    pass.observe(.mlpOutputBackward, layer: layer, d.inner, rows: rows)
    GELU.backward(inner.vector, x: tape.inner[rows: rows].vector, into: inner.vector)
    pass.observe(.geluBackward, layer: layer, d.inner, rows: rows)
    Linear.backward(inner, weight: weights.mlpInput.weight, addingTo: stream)
    pass.observe(.mlpInputBackward, layer: layer, d.stream, rows: rows)

    LayerNorm.backward(
      stream, x: tape.sum1[rows: rows], gain: weights.norm1.gain, mean: tape.mean1[rows],
      rstd: tape.rstd1[rows], into: stream, addingToGain: part(0), bias: part(1))
    pass.observe(.norm1Backward, layer: layer, d.stream, rows: rows)
    pass.drop(d.stream, rows: rows, layer: layer, place: .attentionOutput, into: d.attentionOutput)
    Linear.backward(
      d.attentionOutput[rows: rows], weight: weights.attentionOutput.weight,
      into: d.attended[rows: rows])
    pass.observe(.attentionOutputBackward, layer: layer, d.attended, rows: rows)

    // The weight of the MLP's output wants GELU's output again.
    GELU.forward(
      tape.inner[rows: rows].vector,
      into: pass.activations.activated(rows: pass.rows)[rows: rows].vector)
  }

  private func backwardAttention(_ d: Activations.Gradients) {
    pass.heads { sequence, head, scratch in
      let window = Window(self, sequence: sequence, head: head)
      let (dq, dk, dv) = Window.split(d.qkv, window.rows, window.columns)
      Attention.backward(
        dy: d.attended[rows: window.rows][columns: window.columns], q: window.q, k: window.k,
        v: window.v, y: window.attended, logSumExp: window.logSumExp,
        at: pass.place(sequence: sequence, head: head, layer: layer), scratch: scratch,
        into: dq, dk, dv)
      for part in [dq, dk, dv] {
        pass.observer?.finished(
          .attentionBackward, layer: layer, output: part, firstRow: window.rows.lowerBound)
      }
    }
  }

  /// dW and db of the four linear layers, cut into windows of dW, and the norms' gains and biases, summed over the tiles of rows.
  private func backwardWeights(
    _ x: Matrix, _ d: Activations.Gradients, gradients: BlockTensors
  ) {
    let layers = [
      (input: pass.activations.activated(rows: pass.rows), dy: d.mlpOutput, gradients.mlpOutput),
      (input: activations.normed, dy: d.inner, gradients.mlpInput),
      (input: activations.attended, dy: d.attentionOutput, gradients.attentionOutput),
      (input: x, dy: d.qkv, gradients.attention),
    ]
    let norms = [
      gradients.norm1.gain, gradients.norm1.bias, gradients.norm2.gain, gradients.norm2.bias,
    ]
    let width = pass.config.width
    let tiles = layers.map { WeightTiles($0.2.weight) }
    let starts = tiles.indices.map { tiles[..<$0].reduce(0) { $0 + $1.count } }
    let linearTiles = starts[3] + tiles[3].count
    let tileCount = (pass.rows + Pass.tileRows - 1) / Pass.tileRows

    pass.team.perform(linearTiles + norms.count) { tile, _ in
      guard tile < linearTiles else {
        let part = tile - linearTiles
        Elementwise.sumRows(
          of: d.norms[rows: 0..<tileCount][columns: part * width..<(part + 1) * width],
          addingTo: norms[part])
        return
      }
      let index = starts.lastIndex { $0 <= tile }!
      let (inputs, outputs) = tiles[index].window(tile - starts[index])
      let (input, dy, affine) = layers[index]
      Linear.backward(
        dy[columns: outputs], x: input[columns: inputs],
        addingToWeight: affine.weight[rows: inputs][columns: outputs],
        bias: inputs.lowerBound == 0 ? affine.bias[outputs] : nil)
    }
  }
}

/// The windows that the gradient of an (in, out) weight is computed in.
struct WeightTiles {
  private let rows: Int
  private let columns: Int
  private let columnTiles: Int
  let count: Int

  private static let maximumRows = 768
  private static let maximumColumns = 384

  init(_ weight: Matrix) {
    rows = weight.rows
    columns = weight.columns
    columnTiles = (columns + WeightTiles.maximumColumns - 1) / WeightTiles.maximumColumns
    count = columnTiles * ((rows + WeightTiles.maximumRows - 1) / WeightTiles.maximumRows)
  }

  func window(_ tile: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let row = tile / columnTiles * WeightTiles.maximumRows
    let column = tile % columnTiles * WeightTiles.maximumColumns
    return (
      row..<min(rows, row + WeightTiles.maximumRows),
      column..<min(columns, column + WeightTiles.maximumColumns)
    )
  }
}
