import Buffers
import Kernels
import Testing

/// Every engine of matrix products that this machine has, in every precision.
struct ProductsTests {
  struct Engine: Sendable, CustomTestStringConvertible {
    let engine: ProductEngine
    let precision: Precision
    var testDescription: String { "\(engine.rawValue) in \(precision.rawValue)" }

    static let all = ProductEngine.allCases.flatMap { engine in
      Precision.allCases.filter { $0.isSupported && engine.computes($0) }.map {
        Engine(engine: engine, precision: $0)
      }
    }

    var products: any MatrixProducts { engine.products(precision, workers: 1)[0] }
  }

  /// A product to compute: the sizes are odd, and each factor is a window with its own stride.
  struct Case: Sendable, CustomTestStringConvertible {
    let rows, columns, inner: Int
    let transposeA, transposeB: Bool
    let after: After
    var alpha: Float = 1

    enum After: Sendable, CaseIterable { case overwriting, adding, bias }

    var testDescription: String {
      "(\(rows), \(columns), \(inner)) \(transposeA ? "T" : "N")\(transposeB ? "T" : "N") \(after)"
    }

    static let all = [(1, 3, 4), (7, 5, 33), (65, 130, 300)].flatMap { rows, columns, inner in
      [false, true].flatMap { transposeA in
        [false, true].flatMap { transposeB in
          After.allCases.map {
            Case(
              rows: rows, columns: columns, inner: inner, transposeA: transposeA,
              transposeB: transposeB, after: $0, alpha: $0 == .overwriting ? 0.5 : 1)
          }
        }
      }
    }
  }

  /// Runs `multiply` on factors of a case and expects α·op(A)·op(B) and what follows.
  private func check(
    _ shape: Case, rounded: Bool,
    _ multiply: (_ a: Factor, _ b: Factor, _ bias: Vector?, _ c: Matrix) -> Void
  ) {
    let a = FactorWindow(
      shape.transposeA
        ? Table(shape.inner, shape.rows, seed: 1) : Table(shape.rows, shape.inner, seed: 1))
    let b = FactorWindow(
      shape.transposeB
        ? Table(shape.columns, shape.inner, seed: 2) : Table(shape.inner, shape.columns, seed: 2))
    let bias = FloatBuffer(Table(1, shape.columns, seed: 3))
    let storage = FloatBuffer(
      shape.rows * (shape.columns + 5), filledWith: shape.after == .adding ? before : .nan)
    let c = storage.matrix(rows: shape.rows, columns: shape.columns + 5)[
      columns: 2..<2 + shape.columns]
    multiply(a.window, b.window, shape.after == .bias ? bias.vector : nil, c)

    let left = rounded ? a.rounded : Table(a.window.values)
    let right = rounded ? b.rounded : Table(b.window.values)
    let product =
      (shape.transposeA ? left.transposed : left) * (shape.transposeB ? right.transposed : right)
    let expected = Table(shape.rows, shape.columns) {
      let value = product[$0, $1] * Double(shape.alpha)
      return switch shape.after {
      case .overwriting: value
      case .adding: value + Double(before)
      case .bias: value + Double(bias.vector[$1])
      }
    }
    expectClose(Table(c), expected)
    // Nothing beside the window is touched.
    let outside = storage.matrix(rows: shape.rows, columns: shape.columns + 5)
    for row in 0..<shape.rows {
      for column in [0, 1, shape.columns + 2, shape.columns + 4] {
        let value = outside[row: row][column]
        #expect(shape.after == .adding ? value == before : value.isNaN)
      }
    }
  }

  /// Twice: the first product of a shape may make something that the second uses.
  @Test(arguments: Engine.all, Case.all)
  func productsMatchReference(_ engine: Engine, _ shape: Case) {
    let products = engine.products
    for _ in 1...2 {
      check(shape, rounded: engine.precision.rounds) { a, b, bias, c in
        products.multiply(
          a, transposeA: shape.transposeA, b, transposeB: shape.transposeB, alpha: shape.alpha,
          adding: shape.after == .adding, bias: bias, into: c)
      }
    }
  }

  /// Beyond the size that the emulation takes at once.
  @Test(arguments: Engine.all) func productsOfManyRowsMatchReference(_ engine: Engine) {
    let shape = Case(
      rows: 1_030, columns: 5, inner: 260, transposeA: true, transposeB: true, after: .bias)
    check(shape, rounded: engine.precision.rounds) { a, b, bias, c in
      engine.products.multiply(a, transposeA: true, b, transposeB: true, bias: bias, into: c)
    }
  }

  /// The code around oneDNN's products in bf16 is the same for fp32, and can be tested so on every CPU.
  @Test(arguments: Case.all) func oneDNNMatmulMatchesReferenceInFP32(_ shape: Case) {
    let matmul = OneDNNMatmul(.fp32)
    for _ in 1...2 {
      check(shape, rounded: false) { a, b, bias, c in
        matmul.multiply(
          OneDNNMatmul.Operand(a.values, transposed: shape.transposeA),
          OneDNNMatmul.Operand(b.values, transposed: shape.transposeB), alpha: shape.alpha,
          adding: shape.after == .adding, bias: bias, into: c)
      }
    }
  }

  /// More shapes than oneDNN's code is kept for, and the first of them once more.
  @Test func manyShapesAreComputed() {
    let matmul = OneDNNMatmul(.fp32)
    let ones = FloatBuffer(40 * 40, filledWith: 1)
    let result = FloatBuffer(40 * 40)
    for shape in (0..<1_100).map({ ($0 / 40 + 1, $0 % 40 + 1) }) + [(1, 1)] {
      let (rows, columns) = shape
      let c = result.matrix(rows: rows, columns: columns)
      matmul.multiply(
        OneDNNMatmul.Operand(ones.matrix(rows: rows, columns: 3), transposed: false),
        OneDNNMatmul.Operand(ones.matrix(rows: 3, columns: columns), transposed: false), alpha: 1,
        adding: false, bias: nil, into: c)
      #expect(c.vector.array.allSatisfy { $0 == 3 })
    }
  }

  @Test func refusesFactorsThatAreNotRounded() async {
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(9)
      let x = v.matrix(rows: 3, columns: 3)
      ProductEngine.onednn.products(.bf16Emulated, workers: 1)[0].multiply(
        Factor(x), Factor(x), into: x)
    }
  }

  /// oneDNN alone computes in bf16; everything else is open to both.
  @Test func theAutomaticChoiceFollowsFromPrecisionAndInstructions() {
    #expect(ProductEngine.automatic(for: .bf16) == .onednn)
    let hasAVX512 = MathLibraries.oneDNNInstructions.hasPrefix("AVX512")
    for precision in [Precision.fp32, .bf16Emulated] {
      #expect(ProductEngine.automatic(for: precision) == (hasAVX512 ? .onednn : .openblas))
    }
    #expect(!ProductEngine.openblas.computes(.bf16) && ProductEngine.onednn.computes(.bf16))
  }
}

/// A window of `table`'s shape and values that has `gap` columns of NaN behind it.
final class FactorWindow {
  let values: FloatBuffer
  let bits: FloatBuffer
  let window: Factor

  init(_ table: Table, gap: Int = 3) {
    let columns = table.columns + gap
    values = FloatBuffer(table.rows * columns, filledWith: .nan)
    bits = FloatBuffer((table.rows * columns + 1) / 2, filledWith: .nan)
    let whole = Factor(
      values.matrix(rows: table.rows, columns: columns),
      rounded: bits.vector.brainFloats(rows: table.rows, columns: columns))
    window = whole[columns: 0..<table.columns]
    for row in 0..<table.rows {
      for column in 0..<table.columns {
        window.values[row: row][column] = Float(table[row, column])
      }
    }
    window.round()
  }

  /// The rounded values.
  var rounded: Table {
    let array = window.rounded!.array
    return Table(window.rows, window.columns) { Double(array[$0 * window.columns + $1]) }
  }
}
