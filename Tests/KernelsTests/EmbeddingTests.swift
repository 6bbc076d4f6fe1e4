import Buffers
import Kernels
import Testing

struct EmbeddingTests {
  /// Two sequences of four; token 2 occurs three times.
  let tokens: [Int32] = [2, 0, 2, 5, 1, 2, 5, 0]
  /// Positions in sequences of 3 and 5 tokens.
  let positions: [Int32] = [0, 1, 2, 0, 1, 2, 3, 4]

  @Test func rowsAreTokenPlusPosition() {
    let token = Table(6, 21, seed: 1)
    let position = Table(5, 21, seed: 2)
    let tokenTable = FloatBuffer(token)
    let positionTable = FloatBuffer(position)
    let y = FloatBuffer(5 * 21, filledWith: .nan)
    Embedding.forward(
      tokens: tokens, positions: positions, rows: 2..<7,
      tokenTable: tokenTable.matrix(rows: 6, columns: 21),
      positionTable: positionTable.matrix(rows: 5, columns: 21),
      into: y.matrix(rows: 5, columns: 21))
    let expected = Table(5, 21) { row, column in
      token[Int(tokens[row + 2]), column] + position[Int(positions[row + 2]), column]
    }
    expectClose(Table(y.matrix(rows: 5, columns: 21)), expected, tolerance: 1e-7)
  }

  @Test func gradientsAddUpInTheirColumnsOnly() {
    let dy = Table(8, 21, seed: 3)
    let dys = FloatBuffer(dy)
    let dTokens = FloatBuffer(6 * 21, filledWith: before)
    let dPositions = FloatBuffer(5 * 21, filledWith: before)
    Embedding.backward(
      dy: dys.matrix(rows: 8, columns: 21), tokens: tokens, positions: positions, columns: 3..<20,
      addingToTokens: dTokens.matrix(rows: 6, columns: 21),
      addingToPositions: dPositions.matrix(rows: 5, columns: 21))
    func sums(_ rows: Int, _ key: (Int) -> Int) -> Table {
      Table(rows, 21) { index, column in
        guard (3..<20).contains(column) else { return 0 }
        return (0..<8).filter { key($0) == index }.reduce(0) { $0 + dy[$1, column] }
      }
    }
    expectAdded(
      Table(dTokens.matrix(rows: 6, columns: 21)), sums(6) { Int(tokens[$0]) })
    expectAdded(Table(dPositions.matrix(rows: 5, columns: 21)), sums(5) { Int(positions[$0]) })
  }

  @Test func bitsDoNotDependOnHowColumnsAreCut() {
    let dy = FloatBuffer(Table(8, 21, seed: 4))
    let whole = FloatBuffer(11 * 21, filledWith: before)
    let parts = FloatBuffer(11 * 21, filledWith: before)
    func add(to buffer: borrowing FloatBuffer, _ columns: Range<Int>) {
      Embedding.backward(
        dy: dy.matrix(rows: 8, columns: 21), tokens: tokens, positions: positions, columns: columns,
        addingToTokens: buffer.matrix(rows: 6, columns: 21),
        addingToPositions: buffer.matrix(rows: 5, columns: 21, at: 6 * 21))
    }
    add(to: whole, 0..<21)
    for columns in [0..<1, 1..<18, 18..<21] { add(to: parts, columns) }
    #expect(parts.vector.array == whole.vector.array)
  }

  @Test func refusesATokenOutsideTheVocabulary() async {
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(24)
      Embedding.forward(
        tokens: [6], positions: [0], rows: 0..<1, tokenTable: v.matrix(rows: 6, columns: 4),
        positionTable: v.matrix(rows: 6, columns: 4),
        into: FloatBuffer(4).matrix(rows: 1, columns: 4))
    }
  }
}
