import Buffers
import Kernels
import Testing

struct LinearTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let rows: Int
    let inputs: Int
    let outputs: Int
    var testDescription: String { "(\(rows), \(inputs)) x (\(inputs), \(outputs))" }
  }

  static let cases = [
    Case(rows: 1, inputs: 4, outputs: 3), Case(rows: 3, inputs: 5, outputs: 7),
    Case(rows: 7, inputs: 33, outputs: 21), Case(rows: 66, inputs: 48, outputs: 130),
  ]

  @Test(arguments: ProductEngine.allCases, cases)
  func forwardMatchesReference(_ engine: ProductEngine, _ shape: Case) {
    let x = Table(shape.rows, shape.inputs, seed: 1)
    let weight = Table(shape.inputs, shape.outputs, seed: 2)
    let bias = Table(1, shape.outputs, seed: 3)
    let xs = FloatBuffer(x)
    let weights = FloatBuffer(weight)
    let biases = FloatBuffer(bias)
    let y = FloatBuffer(shape.rows * shape.outputs, filledWith: .nan)
    let result = y.matrix(rows: shape.rows, columns: shape.outputs)
    Linear.forward(
      Factor(xs.matrix(rows: x.rows, columns: x.columns)),
      weight: Factor(weights.matrix(rows: weight.rows, columns: weight.columns)),
      bias: biases.vector, into: result, by: engine.products(.fp32, workers: 1)[0])
    let product = x * weight
    expectClose(Table(result), Table(x.rows, weight.columns) { product[$0, $1] + bias[0, $1] })
  }

  @Test func referenceGradientsMatchFiniteDifference() {
    let x = Table(3, 5, seed: 1)
    let weight = Table(5, 7, seed: 2)
    let dy = Table(3, 7, seed: 3)
    expectGradient(dy * weight.transposed, of: { ($0 * weight).dot(dy) }, at: x)
    expectGradient(x.transposed * dy, of: { (x * $0).dot(dy) }, at: weight)
  }

  @Test(arguments: ProductEngine.allCases, cases)
  func backwardMatchesReference(_ engine: ProductEngine, _ shape: Case) {
    let products = engine.products(.fp32, workers: 1)[0]
    let x = Table(shape.rows, shape.inputs, seed: 1)
    let weight = Table(shape.inputs, shape.outputs, seed: 2)
    let dy = Table(shape.rows, shape.outputs, seed: 3)
    let xs = FloatBuffer(x)
    let weights = FloatBuffer(weight)
    let ds = FloatBuffer(dy)
    let dyWindow = Factor(ds.matrix(rows: dy.rows, columns: dy.columns))
    let weightWindow = Factor(weights.matrix(rows: weight.rows, columns: weight.columns))

    let overwritten = FloatBuffer(x.count, filledWith: .nan)
    let added = FloatBuffer(x.count, filledWith: before)
    let dx = overwritten.matrix(rows: x.rows, columns: x.columns)
    let dxAdded = added.matrix(rows: x.rows, columns: x.columns)
    Linear.backward(dyWindow, weight: weightWindow, into: dx, by: products)
    Linear.backward(dyWindow, weight: weightWindow, addingTo: dxAdded, by: products)
    expectClose(Table(dx), dy * weight.transposed)
    expectAdded(Table(dxAdded), dy * weight.transposed)

    let dWeights = FloatBuffer(weight.count, filledWith: before)
    let dBiases = FloatBuffer(dy.columns, filledWith: before)
    let dWeight = dWeights.matrix(rows: weight.rows, columns: weight.columns)
    Linear.backward(
      dyWindow, x: Factor(xs.matrix(rows: x.rows, columns: x.columns)), addingToWeight: dWeight,
      bias: dBiases.vector, by: products)
    expectAdded(Table(dWeight), x.transposed * dy)
    expectAdded(Table(dBiases.vector), Reference.columnSums(dy))
  }

  /// Threads split dW by columns of x and of dy.
  @Test func windowsOnColumnsGiveWindowsOfTheWeightGradient() {
    let x = Table(5, 8, seed: 1)
    let dy = Table(5, 12, seed: 2)
    let xs = FloatBuffer(x)
    let ds = FloatBuffer(dy)
    let dWeights = FloatBuffer(8 * 12, filledWith: before)
    let dBiases = FloatBuffer(12, filledWith: before)
    let dWeight = dWeights.matrix(rows: 8, columns: 12)
    Linear.backward(
      Factor(ds.matrix(rows: 5, columns: 12))[columns: 4..<9],
      x: Factor(xs.matrix(rows: 5, columns: 8))[columns: 1..<4],
      addingToWeight: dWeight[rows: 1..<4][columns: 4..<9], bias: nil, by: OpenBLASProducts())
    let product = x.transposed * dy
    let expected = Table(8, 12) {
      (1..<4).contains($0) && (4..<9).contains($1) ? product[$0, $1] : 0
    }
    expectAdded(Table(dWeight), expected)
    #expect(dBiases.vector.array == [Float](repeating: before, count: 12))
  }

  @Test func refusesShapesThatDoNotFit() async {
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(100)
      Linear.forward(
        Factor(v.matrix(rows: 3, columns: 5)), weight: Factor(v.matrix(rows: 6, columns: 7)),
        bias: v[0..<7], into: v.matrix(rows: 3, columns: 7), by: OpenBLASProducts())
    }
  }
}
