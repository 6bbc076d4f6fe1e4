import Buffers
import Kernels

/// Backward through the sum of token and position embedding, from the gradient that walked down the residual stream.
struct EmbeddingBackward {
  let pass: Pass
  /// (context, C), added to
  let dPositions: Matrix

  /// - Parameter dTokens: (V, C), added to
  func into(_ dTokens: Matrix) { backward(pass.batch.tokens, dTokens) }

  /// The batch's distinct tokens and the gradient of their rows alone, (tokens, C), in memory of the blocks' backward.
  func apart() -> (tokens: [Int32], rows: Vector) {
    let tokens = pass.batch.distinctTokens
    // No block reads it any more, and it has a row for every position.
    let rows = pass.activations.gradients(rows: tokens.count).mlpOutput.values
    let places = Dictionary(uniqueKeysWithValues: zip(tokens, Int32(0)...))
    for row in 0..<rows.rows { rows[row: row].fill(0) }
    backward(pass.batch.tokens.map { places[$0] ?? 0 }, rows)
    return (tokens, rows.vector)
  }

  /// - Parameter rows: of each position, the row of `dTokens` that it adds to
  private func backward(_ rows: [Int32], _ dTokens: Matrix) {
    let stream = pass.activations.gradients(rows: pass.rows).stream
    pass.rowTiles { rows, worker in
      for row in rows {
        let x = stream[row: row]
        pass.drop(x, row: row, layer: 0, place: .embedding, into: x)
      }
      pass.observe(.embeddingBackward, layer: nil, worker: worker, stream[rows: rows])
    }
    pass.team.rows(pass.config.width, height: 64) { columns, worker in
      Embedding.backward(
        dy: stream, tokens: rows, positions: pass.batch.positions, columns: columns,
        addingToTokens: dTokens, addingToPositions: dPositions)
      pass.observe(
        .embeddingBackward, layer: nil, worker: worker, stream[columns: columns])
    }
  }
}
