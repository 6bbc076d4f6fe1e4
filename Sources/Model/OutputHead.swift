import Buffers
import Kernels

/// The tied output: `logits = y Wₑᵀ`, softmax cross-entropy against the next tokens, and their gradients.
///
/// A chunk of rows at a time, so that the (R, V) logits never exist. Each chunk's logits turn into their own gradient in place,
/// and the products with it follow while it is there: nothing is computed twice.
struct OutputHead {
  /// (V, C), the token embedding
  let weight: Matrix
  let pass: Pass

  /// The rows of a chunk.
  static let chunkRows = 512
  private static let vocabularyTile = 1024
  private static let productRows = 256
  private static let productColumns = 256
  private static let softmaxRows = 8

  /// The losses of all positions, in nats, not weighted.
  ///
  /// - Parameters:
  ///   - y: (R, C) output of the last block
  ///   - losses: (R), overwritten
  func forward(_ y: Matrix, into losses: Vector) {
    chunks { rows in
      let logits = logits(y[rows: rows])
      pass.team.rows(rows.count, height: OutputHead.softmaxRows) { part, _ in
        for row in part {
          let target = Int(pass.batch.targets[rows.lowerBound + row])
          losses[rows.lowerBound + row] = CrossEntropy.forward(logits[row: row], target: target)
        }
      }
    }
    observe(losses)
  }

  /// The losses, and the gradient of Σ weight · loss / divisor.
  ///
  /// - Parameters:
  ///   - dy: (R, C), overwritten
  ///   - dWeight: (V, C), added to
  func forwardBackward(
    _ y: Matrix, divisor: Double, into losses: Vector, dy: Matrix, addingTo dWeight: Matrix
  ) {
    chunks { rows in
      let dLogits = logits(y[rows: rows])
      pass.team.rows(rows.count, height: OutputHead.softmaxRows) { part, _ in
        for row in part {
          let index = rows.lowerBound + row
          losses[index] = CrossEntropy.forwardBackward(
            dLogits[row: row], target: Int(pass.batch.targets[index]),
            scale: Float(Double(pass.batch.lossWeights[index]) / divisor))
        }
      }
      backward(dLogits, y: y[rows: rows], into: dy[rows: rows], addingTo: dWeight)
    }
    observe(losses)
    pass.tiles { rows, _ in pass.observe(.headBackward, layer: nil, dy, rows: rows) }
  }

  /// Calls `body` for every chunk of rows, in order.
  private func chunks(_ body: (Range<Int>) -> Void) {
    for start in stride(from: 0, to: pass.rows, by: OutputHead.chunkRows) {
      body(start..<min(start + OutputHead.chunkRows, pass.rows))
    }
  }

  /// (rows, padded V) logits of some rows of y.
  private func logits(_ y: Matrix) -> Matrix {
    let logits = pass.activations.logits(rows: y.rows)
    pass.team.rows(weight.rows, height: OutputHead.vocabularyTile) { classes, _ in
      MatrixProduct.multiply(
        y, weight[rows: classes], transposeB: true, into: logits[columns: classes])
      if classes.upperBound == weight.rows {
        logits[columns: weight.rows..<logits.columns].fill(Softmax.masked)
      }
    }
    return logits
  }

  private func backward(_ dLogits: Matrix, y: Matrix, into dy: Matrix, addingTo dWeight: Matrix) {
    let dLogits = dLogits[columns: 0..<weight.rows]
    let columnTiles =
      (weight.columns + OutputHead.productColumns - 1) / OutputHead.productColumns
    let rowTiles = (y.rows + OutputHead.productRows - 1) / OutputHead.productRows
    pass.team.perform(rowTiles * columnTiles) { tile, _ in
      let row = tile / columnTiles * OutputHead.productRows
      let column = tile % columnTiles * OutputHead.productColumns
      let rows = row..<min(y.rows, row + OutputHead.productRows)
      let columns = column..<min(weight.columns, column + OutputHead.productColumns)
      MatrixProduct.multiply(
        dLogits[rows: rows], weight[columns: columns], into: dy[rows: rows][columns: columns])
    }
    pass.team.rows(weight.rows, height: OutputHead.vocabularyTile) { classes, _ in
      MatrixProduct.multiply(
        dLogits[columns: classes], transposeA: true, y, beta: 1, into: dWeight[rows: classes])
    }
  }

  private func observe(_ losses: Vector) {
    pass.observe(
      .head, layer: nil, losses.matrix(rows: losses.count, columns: 1), rows: 0..<losses.count)
  }
}
