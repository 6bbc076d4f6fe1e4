import Buffers
import Kernels

/// Backward through a block. The gradient of the residual stream is changed in place, from that of the block's output to that of
/// its input; the tensors' gradients are added to.
extension Block {
  /// - Parameters:
  ///   - inHalves: whether the second half's tensors are finished before the first half is begun, and `mlpReady` called between; else
  ///     the threads have more tiles to share at once
  func backward(
    gradients: BlockTensors, inHalves: Bool = false, mlpReady: () -> Void = {}
  ) {
    let d = pass.activations.gradients(rows: pass.rows)
    backwardNorm2(d)
    backwardMLP(d)
    if inHalves {
      backwardWeights(d, gradients: gradients, halves: [.mlp])
      mlpReady()
    }
    backwardNorm1(d)
    product(.attentionOutputBackward, d.attentionOutput, weights.attentionOutput, d.attended) {
      d.attended[rows: $0][columns: $1].round()
    }
    backwardAttention(d)
    addToStream(.attentionInputBackward, d.qkv, weights.attention, d.stream)
    backwardWeights(
      d, gradients: gradients, halves: inHalves ? [.attention] : [.mlp, .attention])
  }

  private enum Half { case attention, mlp }

  private func backwardNorm2(_ d: Activations.Gradients) {
    normalise(
      .norm2Backward, d, x: tape.sum2, weights.norm2, mean: tape.mean2, rstd: tape.rstd2,
      part: 2, place: .mlpOutput, dropped: d.mlpOutput)
  }

  private func backwardNorm1(_ d: Activations.Gradients) {
    normalise(
      .norm1Backward, d, x: tape.sum1, weights.norm1, mean: tape.mean1, rstd: tape.rstd1,
      part: 0, place: .attentionOutput, dropped: d.attentionOutput)
  }

  /// Through a norm in place, and through the dropout of the branch that ends in it.
  ///
  /// - Parameters:
  ///   - part: which of the four sums of a tile gets the gain's gradient; the next gets the bias's
  ///   - dropped: (R, C) the gradient of the branch, overwritten
  private func normalise(
    _ operation: Operation, _ d: Activations.Gradients, x: Matrix, _ norm: Tensors.Norm,
    mean: Vector, rstd: Vector, part: Int, place: DropoutPlace, dropped: Factor
  ) {
    let width = pass.config.width
    pass.rowTiles { rows, worker in
      let sums = d.norms[row: rows.lowerBound / Pass.rowTileHeight][
        part * width..<(part + 2) * width]
      sums.fill(0)
      let stream = d.stream[rows: rows]
      LayerNorm.backward(
        stream, x: x[rows: rows], gain: norm.gain, mean: mean[rows], rstd: rstd[rows],
        into: stream, addingToGain: sums[0..<width], bias: sums[width..<2 * width])
      for row in rows {
        pass.drop(
          d.stream[row: row], row: row, layer: layer, place: place,
          into: dropped.values[row: row])
      }
      dropped[rows: rows].round()
      observe(operation, worker, d.stream, rows: rows)
    }
  }

  private func backwardMLP(_ d: Activations.Gradients) {
    // The weight of the MLP's output wants GELU's output again.
    let activated = pass.activations.activated(rows: pass.rows)
    product(.mlpOutputBackward, d.mlpOutput, weights.mlpOutput, d.inner) { rows, columns in
      let inner = d.inner[rows: rows][columns: columns]
      let again = activated[rows: rows][columns: columns]
      let x = tape.inner[rows: rows][columns: columns]
      for row in 0..<rows.count {
        let dx = inner.values[row: row]
        GELU.backward(dx, x: x[row: row], into: dx, forwardInto: again.values[row: row])
      }
      inner.round()
      again.round()
    }
    addToStream(.mlpInputBackward, d.inner, weights.mlpInput, d.stream)
  }

  /// `dx = dy Wᵀ` in tiles, each followed by `finish` while it is in a core's cache.
  private func product(
    _ operation: Operation, _ dy: Factor, _ affine: Tensors.Affine, _ dx: Factor,
    finish: (_ rows: Range<Int>, _ columns: Range<Int>) -> Void
  ) {
    pass.productTiles(columns: dx.columns) { rows, columns, worker in
      let tile = dx.values[rows: rows][columns: columns]
      Linear.backward(
        dy[rows: rows], weight: affine.weight[rows: columns], into: tile, by: pass.products[worker])
      finish(rows, columns)
      pass.observe(operation, layer: layer, worker: worker, tile, firstRow: rows.lowerBound)
    }
  }

  /// `dx += dy Wᵀ` in tiles.
  private func addToStream(
    _ operation: Operation, _ dy: Factor, _ affine: Tensors.Affine, _ stream: Matrix
  ) {
    pass.productTiles(columns: stream.columns) { rows, columns, worker in
      let tile = stream[rows: rows][columns: columns]
      Linear.backward(
        dy[rows: rows], weight: affine.weight[rows: columns], addingTo: tile,
        by: pass.products[worker])
      pass.observe(operation, layer: layer, worker: worker, tile, firstRow: rows.lowerBound)
    }
  }

  private func backwardAttention(_ d: Activations.Gradients) {
    pass.heads { sequence, head, scratch, worker in
      let window = Window(self, sequence: sequence, head: head)
      let (dq, dk, dv) = Window.split(d.qkv, window.rows, window.columns)
      Attention.backward(
        dy: d.attended[rows: window.rows][columns: window.columns], q: window.q, k: window.k,
        v: window.v, y: window.attended.values, logSumExp: window.logSumExp,
        at: pass.place(sequence: sequence, head: head, layer: layer), scratch: scratch,
        into: dq.values, dk.values, dv.values, by: pass.products[worker])
      for part in [dq, dk, dv] {
        part.round()
        pass.observe(
          .attentionBackward, layer: layer, worker: worker, part.values,
          firstRow: window.rows.lowerBound)
      }
    }
  }

  private typealias LinearWeight = (
    operation: Operation, input: Factor, dy: Factor, Tensors.Affine
  )

  private func linearWeights(_ half: Half, _ d: Activations.Gradients, _ gradients: BlockTensors)
    -> [LinearWeight]
  {
    switch half {
    case .mlp:
      [
        (
          .mlpOutputWeight, pass.activations.activated(rows: pass.rows), d.mlpOutput,
          gradients.mlpOutput
        ),
        (.mlpInputWeight, tape.normed, d.inner, gradients.mlpInput),
      ]
    case .attention:
      [
        (.attentionOutputWeight, tape.attended, d.attentionOutput, gradients.attentionOutput),
        (.attentionInputWeight, tape.input, d.qkv, gradients.attention),
      ]
    }
  }

  /// The gradients of a norm, and which of the four sums of a tile they are the sums of.
  private func normWeights(_ half: Half, _ gradients: BlockTensors) -> [(part: Int, Vector)] {
    switch half {
    case .attention: [(0, gradients.norm1.gain), (1, gradients.norm1.bias)]
    case .mlp: [(2, gradients.norm2.gain), (3, gradients.norm2.bias)]
    }
  }

  /// dW and db of linear layers, cut into windows of dW, and the norms' gains and biases, summed over the tiles of rows.
  private func backwardWeights(
    _ d: Activations.Gradients, gradients: BlockTensors, halves: [Half]
  ) {
    let layers = halves.flatMap { linearWeights($0, d, gradients) }
    let norms = halves.flatMap { normWeights($0, gradients) }
    let width = pass.config.width
    let tiles = layers.map { WeightTiles($0.3.weight.values, tileRows: pass.tileRows) }
    let starts = tiles.indices.map { tiles[..<$0].reduce(0) { $0 + $1.count } }
    let linearTiles = tiles.reduce(0) { $0 + $1.count }
    let tileCount = (pass.rows + Pass.rowTileHeight - 1) / Pass.rowTileHeight

    pass.team.perform(linearTiles + norms.count) { tile, worker in
      guard tile < linearTiles else {
        let (part, gradient) = norms[tile - linearTiles]
        let sums = d.norms[rows: 0..<tileCount][columns: part * width..<(part + 1) * width]
        Elementwise.sumRows(of: sums, addingTo: gradient)
        return pass.observe(.normWeights, layer: layer, worker: worker, sums)
      }
      let index = starts.lastIndex { $0 <= tile }!
      let (inputs, outputs) = tiles[index].window(tile - starts[index])
      let (operation, input, dy, affine) = layers[index]
      let dWeight = affine.weight.values[rows: inputs][columns: outputs]
      Linear.backward(
        dy[columns: outputs], x: input[columns: inputs], addingToWeight: dWeight,
        bias: inputs.lowerBound == 0 ? affine.bias[outputs] : nil, by: pass.products[worker])
      pass.observe(operation, layer: layer, worker: worker, dWeight)
    }
  }
}

/// The windows that the gradient of an (in, out) weight is computed in.
struct WeightTiles {
  private let rows: Int
  private let columns: Int
  private let height: Int
  private let width: Int
  private let columnTiles: Int
  let count: Int

  /// - Parameter tileRows: the most rows of a tile of the products that have the batch's rows
  init(_ weight: Matrix, tileRows: Int) {
    rows = weight.rows
    columns = weight.columns
    height = Pass.evenWidth(rows, atMost: tileRows * 3 / 2)
    width = Pass.evenWidth(columns, atMost: Pass.productColumns)
    columnTiles = (columns + width - 1) / width
    count = columnTiles * ((rows + height - 1) / height)
  }

  func window(_ tile: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let row = tile / columnTiles * height
    let column = tile % columnTiles * width
    return (row..<min(rows, row + height), column..<min(columns, column + width))
  }
}
