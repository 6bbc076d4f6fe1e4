import Buffers
import Kernels

/// The tied output: `logits = y Wₑᵀ`, softmax cross-entropy against the next tokens, and their gradients.
///
/// A chunk of rows at a time, so that the (R, V) logits never exist. Each chunk's logits turn into their own gradient in place,
/// and the products with it follow while it is there: nothing is computed twice.
struct OutputHead {
  /// (V, C), the token embedding
  let weight: Factor
  let pass: Pass

  /// The rows of a chunk: many, since every chunk reads and writes the weight's gradient once; fewer where the logits then stay in a cache,
  /// and the chunk is still as high as the model is wide.
  static func chunkRows(_ config: ModelConfig) -> Int {
    let fitting = cachedLogits / Softmax.paddedCount(config.vocabularySize) & ~63
    return fitting >= max(64, config.width) ? min(mostRows, fitting) : mostRows
  }

  private static let mostRows = 512
  /// Floats that stay in the caches of two cores: 4 MiB.
  private static let cachedLogits = 1 << 20
  private static let softmaxRows = 4

  /// The losses of all positions, in nats, not weighted.
  ///
  /// - Parameters:
  ///   - y: (R, C) output of the last block
  ///   - losses: (R), overwritten
  func forward(_ y: Factor, into losses: Vector) {
    chunks { rows in
      let logits = logits(y[rows: rows], firstRow: rows.lowerBound).values
      crossEntropy(rows, losses) { row, target in
        CrossEntropy.forward(logits[row: row - rows.lowerBound], target: target)
      }
    }
  }

  /// The losses, and the gradient of Σ weight · loss / divisor.
  ///
  /// - Parameters:
  ///   - dy: (R, C), overwritten
  ///   - dWeight: (V, C), added to
  func forwardBackward(
    _ y: Factor, divisor: Double, into losses: Vector, dy: Matrix,
    addingTo dWeight: Matrix
  ) {
    chunks { rows in
      let dLogits = logits(y[rows: rows], firstRow: rows.lowerBound)
      crossEntropy(rows, losses) { row, target in
        let tile = dLogits[rows: row - rows.lowerBound..<row - rows.lowerBound + 1]
        let loss = CrossEntropy.forwardBackward(
          tile.values[row: 0], target: target,
          scale: Float(Double(pass.batch.lossWeights[row]) / divisor))
        tile.round()
        return loss
      }
      backward(dLogits, y: y[rows: rows], rows, addingTo: dWeight)
    }
    addParts(into: dy)
  }

  /// Calls `body` for every chunk of rows, in order.
  private func chunks(_ body: (Range<Int>) -> Void) {
    let size = OutputHead.chunkRows(pass.config)
    for start in stride(from: 0, to: pass.rows, by: size) {
      body(start..<min(start + size, pass.rows))
    }
  }

  /// (rows, padded V) logits of some rows of y.
  private func logits(_ y: Factor, firstRow: Int) -> Factor {
    let logits = pass.activations.logits(rows: y.rows)
    pass.team.rows(weight.rows, height: max(128, pass.tileRows)) { classes, worker in
      let tile = logits.values[columns: classes]
      pass.products[worker].multiply(
        y, weight[rows: classes], transposeB: true, into: tile)
      if classes.upperBound == weight.rows {
        logits.values[columns: weight.rows..<logits.columns].fill(Softmax.masked)
      }
      pass.observe(.head, layer: nil, worker: worker, tile, firstRow: firstRow)
    }
    return logits
  }

  /// Overwrites the losses of some rows with what `loss(row, target)` returns.
  private func crossEntropy(
    _ rows: Range<Int>, _ losses: Vector, _ loss: (_ row: Int, _ target: Int) -> Float
  ) {
    pass.team.rows(rows.count, height: OutputHead.softmaxRows) { part, worker in
      let first = rows.lowerBound + part.lowerBound
      let range = first..<first + part.count
      for row in range { losses[row] = loss(row, Int(pass.batch.targets[row])) }
      pass.observe(
        .crossEntropy, layer: nil, worker: worker,
        losses[range].matrix(rows: range.count, columns: 1), firstRow: first)
    }
  }

  /// Overwrites some rows of `partialSums`, and adds to dWeight.
  private func backward(
    _ dLogits: Factor, y: Factor, _ rows: Range<Int>, addingTo dWeight: Matrix
  ) {
    let dLogits = dLogits[columns: 0..<weight.rows]
    let partialSums = partialSums[rows: rows]
    let parts = partialSums.columns / weight.columns
    let partHeight = Pass.evenWidth(weight.rows, atMost: (weight.rows + parts - 1) / parts)
    let columnWidth = Pass.evenWidth(weight.columns, atMost: Pass.productColumns)
    let across = (weight.columns + columnWidth - 1) / columnWidth
    let down = (rows.count + pass.tileRows - 1) / pass.tileRows
    let weightRows = 2 * pass.tileRows
    let sumTiles = parts * down * across
    let weightTiles = (weight.rows + weightRows - 1) / weightRows
    // The long tiles that sum over a part of the vocabulary come first; those of the weight fill up behind them.
    pass.team.perform(sumTiles + weightTiles) { tile, worker in
      guard tile >= sumTiles else {
        let part = tile / (down * across)
        let classes =
          min(weight.rows, part * partHeight)..<min(weight.rows, (part + 1) * partHeight)
        let row = tile / across % down * pass.tileRows
        let tileRows = row..<min(rows.count, row + pass.tileRows)
        let column = tile % across * columnWidth
        let columns = column..<min(weight.columns, column + columnWidth)
        let start = part * weight.columns
        let sums = partialSums[rows: tileRows][
          columns: start + columns.lowerBound..<start + columns.upperBound]
        if classes.isEmpty {
          sums.fill(0)
        } else {
          pass.products[worker].multiply(
            dLogits[rows: tileRows][columns: classes], weight[rows: classes][columns: columns],
            into: sums)
        }
        return pass.observe(
          .headBackward, layer: nil, worker: worker, sums, firstRow: rows.lowerBound + row)
      }
      let first = (tile - sumTiles) * weightRows
      let classes = first..<min(weight.rows, first + weightRows)
      pass.products[worker].multiply(
        dLogits[columns: classes], transposeA: true, y, adding: true, into: dWeight[rows: classes])
      pass.observe(.headWeight, layer: nil, worker: worker, dWeight[rows: classes])
    }
  }

  /// (R, parts · C) the gradients of the rows of y from each part of the vocabulary: memory that no block has begun with yet.
  private var partialSums: Matrix { pass.activations.gradients(rows: pass.rows).inner.values }

  /// dy = Σ parts, in their order.
  private func addParts(into dy: Matrix) {
    let (partialSums, width) = (partialSums, weight.columns)
    pass.rowTiles { rows, worker in
      for row in rows {
        let parts = partialSums[row: row]
        dy[row: row].copy(from: parts[0..<width])
        for start in stride(from: width, to: parts.count, by: width) {
          Elementwise.add(dy[row: row], parts[start..<start + width], into: dy[row: row])
        }
      }
      pass.observe(
        .headBackward, layer: nil, worker: worker, dy[rows: rows], firstRow: rows.lowerBound)
    }
  }
}
