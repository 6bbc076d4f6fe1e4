import Buffers

/// Learned token and position embeddings (Radford et al. 2018, eq. 2: h₀ = U W_e + W_p).
public enum Embedding {
  /// Row r of the batch, which is position r mod T of its sequence, becomes token[tokens[r]] +
  /// position[r mod T].
  ///
  /// - Parameters:
  ///   - tokens: (B·T), the whole batch
  ///   - rows: which rows of the batch to compute
  ///   - length: T, rows of a sequence
  ///   - tokenTable: (V, C)
  ///   - positionTable: (at least T, C)
  ///   - y: (rows.count, C), overwritten; its first row is `rows.lowerBound`
  public static func forward(
    tokens: [Int32], rows: Range<Int>, length: Int, tokenTable: Matrix, positionTable: Matrix,
    into y: Matrix
  ) {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= tokens.count && y.rows == rows.count,
      "Embedding: rows \(rows) of \(tokens.count) into \(y.rows)")
    precondition(
      length > 0 && length <= positionTable.rows,
      "Embedding: length \(length) with \(positionTable.rows) positions")
    precondition(
      tokenTable.columns == y.columns && positionTable.columns == y.columns,
      "Embedding: the tables have C columns")
    for row in rows {
      Elementwise.add(
        tokenTable[row: Int(tokens[row])], positionTable[row: row % length],
        into: y[row: row - rows.lowerBound])
    }
  }

  /// Adds every row of dy to the row of its token and to that of its position, rows in their order.
  ///
  /// Only in some columns: threads that split the columns between them never meet, and the bits do
  /// not depend on how they split.
  ///
  /// - Parameters:
  ///   - dy: (B·T, C), the whole batch
  ///   - tokens: (B·T)
  ///   - length: T, rows of a sequence
  ///   - columns: which columns of dy and of both gradients
  ///   - dTokens: (V, C), added to
  ///   - dPositions: (at least T, C), added to
  public static func backward(
    dy: Matrix, tokens: [Int32], length: Int, columns: Range<Int>,
    addingToTokens dTokens: Matrix, addingToPositions dPositions: Matrix
  ) {
    precondition(
      tokens.count == dy.rows, "Embedding: \(tokens.count) tokens for \(dy.rows) rows of dy")
    precondition(
      length > 0 && length <= dPositions.rows,
      "Embedding: length \(length) with \(dPositions.rows) positions")
    precondition(
      dTokens.columns == dy.columns && dPositions.columns == dy.columns,
      "Embedding: the gradients have C columns")
    let dy = dy[columns: columns]
    let dTokens = dTokens[columns: columns]
    let dPositions = dPositions[columns: columns]
    for row in 0..<dy.rows {
      let dRow = dy[row: row]
      let dToken = dTokens[row: Int(tokens[row])]
      let dPosition = dPositions[row: row % length]
      Elementwise.add(dToken, dRow, into: dToken)
      Elementwise.add(dPosition, dRow, into: dPosition)
    }
  }
}
