import Buffers
import Kernels
import Testing

struct VectorMatrixProductTests {
  /// Below, at and above eight rows; no, one and many whole steps of lanes; a tail.
  static let shapes = [(1, 4), (3, 5), (7, 33), (8, 16), (9, 8), (33, 7), (17, 130), (192, 48)]
    .map { Shape(rows: $0.0, columns: $0.1) }

  @Test(arguments: shapes) func aRowTimesAMatrixMatchesReference(_ shape: Shape) {
    let x = Table(1, shape.rows, seed: 1)
    let weight = Table(shape.rows, shape.columns, seed: 2)
    let xs = FloatBuffer(x)
    let weights = FloatBuffer(weight)
    let y = FloatBuffer(shape.columns, filledWith: .nan)
    VectorMatrixProduct.multiply(
      xs.vector, weights.matrix(rows: shape.rows, columns: shape.columns), into: y.vector)
    expectClose(Table(y.vector), x * weight)
  }

  @Test(arguments: shapes) func aRowTimesATransposedMatrixMatchesReference(_ shape: Shape) {
    let x = Table(1, shape.columns, seed: 1)
    let weight = Table(shape.rows, shape.columns, seed: 2)
    let xs = FloatBuffer(x)
    let weights = FloatBuffer(weight)
    let y = FloatBuffer(shape.rows, filledWith: .nan)
    VectorMatrixProduct.multiply(
      xs.vector, transposed: weights.matrix(rows: shape.rows, columns: shape.columns),
      into: y.vector)
    expectClose(Table(y.vector), x * weight.transposed)
  }

  /// The slower way: an engine's product of matrices.
  @Test(arguments: ProductEngine.allCases, shapes)
  func bothMatchTheProductOfMatrices(_ engine: ProductEngine, _ shape: Shape) {
    let (rows, columns) = (shape.rows, shape.columns)
    let x = FloatBuffer(Table(1, rows, seed: 3))
    let weights = FloatBuffer(Table(rows, columns, seed: 4))
    let transposed = FloatBuffer(Table(rows, columns, seed: 4).transposed)
    let expected = FloatBuffer(columns)
    engine.products(.fp32, workers: 1)[0].multiply(
      Factor(x.matrix(rows: 1, columns: rows)),
      Factor(weights.matrix(rows: rows, columns: columns)),
      into: expected.matrix(rows: 1, columns: columns))
    let y = FloatBuffer(columns)
    let z = FloatBuffer(columns)
    VectorMatrixProduct.multiply(
      x.vector, weights.matrix(rows: rows, columns: columns), into: y.vector)
    VectorMatrixProduct.multiply(
      x.vector, transposed: transposed.matrix(rows: columns, columns: rows), into: z.vector)
    expectClose(Table(y.vector), Table(expected.vector))
    expectClose(Table(z.vector), Table(expected.vector))
  }

  /// Threads take windows on rows; which eight rows go together must not show.
  @Test func aWindowOnRowsHasTheBitsOfTheWhole() {
    let x = FloatBuffer(Table(1, 45, seed: 1))
    let weights = FloatBuffer(Table(29, 45, seed: 2))
    let weight = weights.matrix(rows: 29, columns: 45)
    let whole = FloatBuffer(29)
    let parts = FloatBuffer(29)
    VectorMatrixProduct.multiply(x.vector, transposed: weight, into: whole.vector)
    for rows in [0..<3, 3..<14, 14..<29] {
      VectorMatrixProduct.multiply(x.vector, transposed: weight[rows: rows], into: parts[rows])
    }
    #expect(parts.vector.array == whole.vector.array)
  }

  /// Up to and beyond the four rows that share a weight; wider than the columns that stay in the cache.
  @Test(arguments: shapes + [Shape(rows: 19, columns: 1_033)], [1, 3, 4, 9])
  func rowsTogetherHaveTheBitsOfEachAlone(_ shape: Shape, count: Int) {
    let (rows, columns) = (shape.rows, shape.columns)
    let weights = FloatBuffer(Table(rows, columns, seed: 2))
    let weight = weights.matrix(rows: rows, columns: columns)
    let xs = FloatBuffer(Table(count, rows, seed: 1))
    let x = xs.matrix(rows: count, columns: rows)
    let ys = FloatBuffer(count * columns, filledWith: .nan)
    let y = ys.matrix(rows: count, columns: columns)
    VectorMatrixProduct.multiply(x, weight, into: y)
    let us = FloatBuffer(Table(count, columns, seed: 3))
    let u = us.matrix(rows: count, columns: columns)
    let vs = FloatBuffer(count * rows, filledWith: .nan)
    let v = vs.matrix(rows: count, columns: rows)
    VectorMatrixProduct.multiply(u, transposed: weight, into: v)
    let alone = FloatBuffer(columns)
    let transposedAlone = FloatBuffer(rows)
    for row in 0..<count {
      VectorMatrixProduct.multiply(x[row: row], weight, into: alone.vector)
      #expect(y[row: row].array == alone.vector.array)
      VectorMatrixProduct.multiply(u[row: row], transposed: weight, into: transposedAlone.vector)
      #expect(v[row: row].array == transposedAlone.vector.array)
    }
  }

  /// The products of rounded weights are the same whatever the weights are stored as.
  @Test(arguments: shapes, [1, 5])
  func weightsInBFloat16GiveTheBitsOfTheirValuesInFP32(_ shape: Shape, count: Int) {
    let (rows, columns) = (shape.rows, shape.columns)
    let weights = FloatBuffer(Table(rows, columns, seed: 2))
    let weight = weights.matrix(rows: rows, columns: columns)
    let memory = FloatBuffer((rows * columns + 1) / 2)
    let rounded = memory.vector.brainFloats(rows: rows, columns: columns)
    let exact = weight.vector.array
    Factor(weight, rounded: rounded).round()
    weight.vector.copy(from: rounded.array)
    #expect(weight.vector.array != exact)
    let xs = FloatBuffer(Table(count, max(rows, columns), seed: 1))
    let x = xs.matrix(rows: count, columns: max(rows, columns))
    for isTransposed in [false, true] {
      let (inputs, outputs) = isTransposed ? (columns, rows) : (rows, columns)
      let some = x[columns: 0..<inputs]
      let wanted = FloatBuffer(count * outputs, filledWith: .nan)
      let found = FloatBuffer(count * outputs, filledWith: .nan)
      let (y, z) = (
        wanted.matrix(rows: count, columns: outputs), found.matrix(rows: count, columns: outputs)
      )
      if isTransposed {
        VectorMatrixProduct.multiply(some, transposed: weight, into: y)
        VectorMatrixProduct.multiply(some, transposed: rounded, into: z)
      } else {
        VectorMatrixProduct.multiply(some, weight, into: y)
        VectorMatrixProduct.multiply(some, rounded, into: z)
      }
      #expect(z.vector.array == y.vector.array)
    }
  }

  @Test func refusesShapesThatDoNotFit() async {
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(100)
      VectorMatrixProduct.multiply(v[0..<4], v.matrix(rows: 10, columns: 10), into: v[0..<10])
    }
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(100)
      VectorMatrixProduct.multiply(
        v[0..<10], transposed: v.matrix(rows: 10, columns: 10), into: v[0..<9])
    }
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(100)
      let w = v[0..<25].brainFloats(rows: 5, columns: 10)
      VectorMatrixProduct.multiply(
        v.matrix(rows: 2, columns: 5), w, into: v.matrix(rows: 3, columns: 10))
    }
  }
}

struct StreamingReadTests {
  /// Small whole numbers, so that every order of summation gives the same.
  @Test(arguments: [0, 1, 63, 64, 127, 1_000, 5_001]) func everyFloatIsReadOnce(_ count: Int) {
    let numbers = FloatBuffer(count)
    for index in 0..<count { numbers.vector[index] = Float(index * 37 % 101) }
    let expected = numbers.vector.array.reduce(0, +)
    #expect(StreamingRead.sum(numbers.vector) == expected)
    #expect(StreamingRead.sumOfEightStreams(numbers.vector) == expected)
  }
}
