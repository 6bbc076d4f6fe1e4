import Buffers

/// Learned token and position embeddings (Radford et al. 2018, eq. 2: h₀ = U W_e + W_p).
public enum Embedding {
  /// Row r of the batch becomes token[tokens[r]] + position[positions[r]].
  ///
  /// - Parameters:
  ///   - tokens: (R), the whole batch
  ///   - positions: (R), each row's position in its sequence
  ///   - rows: which rows of the batch to compute
  ///   - tokenTable: (V, C)
  ///   - positionTable: (context, C)
  ///   - y: (rows.count, C), overwritten; its first row is `rows.lowerBound`
  public static func forward(
    tokens: [Int32], positions: [Int32], rows: Range<Int>, tokenTable: Matrix,
    positionTable: Matrix, into y: Matrix
  ) {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= tokens.count && y.rows == rows.count
        && positions.count == tokens.count,
      "Embedding: rows \(rows) of \(tokens.count) into \(y.rows)")
    precondition(
      tokenTable.columns == y.columns && positionTable.columns == y.columns,
      "Embedding: the tables have C columns")
    for row in rows {
      Elementwise.add(
        tokenTable[row: Int(tokens[row])], positionTable[row: Int(positions[row])],
        into: y[row: row - rows.lowerBound])
    }
  }

  /// Adds every row of dy to the row of its token and to that of its position, rows in their order.
  ///
  /// Only in some columns: threads that split the columns between them never meet, and the bits do
  /// not depend on how they split.
  ///
  /// - Parameters:
  ///   - dy: (R, C), the whole batch
  ///   - tokens: (R)
  ///   - positions: (R)
  ///   - columns: which columns of dy and of both gradients
  ///   - dTokens: (V, C), added to
  ///   - dPositions: (context, C), added to
  public static func backward(
    dy: Matrix, tokens: [Int32], positions: [Int32], columns: Range<Int>,
    addingToTokens dTokens: Matrix, addingToPositions dPositions: Matrix
  ) {
    precondition(
      tokens.count == dy.rows && positions.count == dy.rows,
      "Embedding: \(tokens.count) tokens for \(dy.rows) rows of dy")
    precondition(
      dTokens.columns == dy.columns && dPositions.columns == dy.columns,
      "Embedding: the gradients have C columns")
    let dy = dy[columns: columns]
    let dTokens = dTokens[columns: columns]
    let dPositions = dPositions[columns: columns]
    for row in 0..<dy.rows {
      let dRow = dy[row: row]
      let dToken = dTokens[row: Int(tokens[row])]
      let dPosition = dPositions[row: Int(positions[row])]
      Elementwise.add(dToken, dRow, into: dToken)
      Elementwise.add(dPosition, dRow, into: dPosition)
    }
  }
}
