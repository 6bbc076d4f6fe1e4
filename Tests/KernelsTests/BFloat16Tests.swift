import Buffers
import Kernels
import Testing

struct BFloat16Tests {
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

  /// A window of `table`'s shape and values that has `gap` columns of NaN behind it.
  private final class Factor {
    let values: FloatBuffer
    let bits: FloatBuffer
    let window: RoundedMatrix

    init(_ table: Table, gap: Int = 3) {
      let columns = table.columns + gap
      values = FloatBuffer(table.rows * columns, filledWith: .nan)
      bits = FloatBuffer((table.rows * columns + 1) / 2, filledWith: .nan)
      let whole = RoundedMatrix(
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

  /// Runs `multiply` on factors of a case and expects α·op(A)·op(B) and what follows.
  private func check(
    _ shape: Case, rounded: Bool,
    _ multiply: (_ a: RoundedMatrix, _ b: RoundedMatrix, _ bias: Vector?, _ c: Matrix) -> Void
  ) {
    let a = Factor(
      shape.transposeA
        ? Table(shape.inner, shape.rows, seed: 1) : Table(shape.rows, shape.inner, seed: 1))
    let b = Factor(
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

  @Test(arguments: Case.all) func emulatedProductsMatchReference(_ shape: Case) {
    let products = EmulatedBFloat16Products()
    check(shape, rounded: true) { a, b, bias, c in
      MatrixProduct.multiply(
        a, transposeA: shape.transposeA, b, transposeB: shape.transposeB, alpha: shape.alpha,
        beta: shape.after == .adding ? 1 : 0, bias: bias, into: c, by: products)
    }
  }

  /// Beyond the size that the emulation takes at once.
  @Test func emulatedProductsOfManyRowsMatchReference() {
    let products = EmulatedBFloat16Products()
    let shape = Case(
      rows: 1_030, columns: 5, inner: 260, transposeA: true, transposeB: true, after: .bias)
    check(shape, rounded: true) { a, b, bias, c in
      MatrixProduct.multiply(
        a, transposeA: true, b, transposeB: true, bias: bias, into: c, by: products)
    }
  }

  @Test(
    .enabled(if: NativeBFloat16Products.isSupported, "this processor has no bf16"),
    arguments: Case.all)
  func nativeProductsMatchReference(_ shape: Case) {
    let products = NativeBFloat16Products()
    check(shape, rounded: true) { a, b, bias, c in
      MatrixProduct.multiply(
        a, transposeA: shape.transposeA, b, transposeB: shape.transposeB, alpha: shape.alpha,
        beta: shape.after == .adding ? 1 : 0, bias: bias, into: c, by: products)
    }
  }

  /// oneDNN is spoken to in the same words whatever the type, so that this can be tested on every processor.
  @Test(arguments: Case.all) func oneDNNMatchesReferenceInFP32(_ shape: Case) {
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

  /// To the nearest, halfway cases to even (IEEE 754's default), NaN to NaN, in whole vectors and in the tail.
  @Test func roundingIsToNearestEven() {
    let cases: [(Float, Float)] = [
      (0, 0), (-0.0, -0.0), (1, 1), (Float(bitPattern: 0x3f80_8000), 1),
      (Float(bitPattern: 0x3f80_8001), Float(bitPattern: 0x3f81_0000)),
      (Float(bitPattern: 0x3f81_8000), Float(bitPattern: 0x3f82_0000)),
      (.infinity, .infinity), (-.infinity, -.infinity), (.greatestFiniteMagnitude, .infinity),
      (Float(bitPattern: 0x0001_1000), Float(bitPattern: 0x0001_0000)), (-3.1415927, -3.140625),
    ]
    let count = 37
    let factor = Factor(Table(1, count) { Double(cases[$1 % cases.count].0) })
    for (index, value) in factor.rounded.values.enumerated() {
      let expected = Double(cases[index % cases.count].1)
      #expect(value == expected && value.sign == expected.sign)
    }
    factor.window.values.fill(.nan)
    factor.window.round()
    #expect(factor.rounded.values.count { !$0.isNaN } == 0)
    factor.window.values.fill(Float(bitPattern: 0x7f80_0001))
    factor.window.round()
    #expect(factor.rounded.values.count { !$0.isNaN } == 0)
  }

  @Test func attentionInBF16IsCloseToFP32() {
    let shape = (length: 70, width: 16)
    let factors = (1...4).map { Factor(Table(shape.length, shape.width, seed: UInt64($0)), gap: 0) }
    func run(_ products: (any BFloat16Products)?) -> [Table] {
      let outputs = (0..<5).map { _ in FloatBufferBox(shape.length * shape.width) }
      let windows = outputs.map { $0.buffer.matrix(rows: shape.length, columns: shape.width) }
      let scratch = FloatBuffer(Attention.scratchCount(length: shape.length))
      let logSumExp = FloatBuffer(shape.length)
      let place = Attention.Place(
        dropout: Dropout(probability: 0.1, seed: 1, step: 1), sample: 3, layer: 1, head: 2,
        context: 80)
      let (q, k, v, dy) = (
        factors[0].window, factors[1].window, factors[2].window, factors[3].window
      )
      Attention.forward(
        q: q, k: k, v: v, at: place, scratch: scratch.vector, into: windows[0],
        logSumExp: logSumExp.vector, by: products)
      Attention.backward(
        dy: dy, q: q, k: k, v: v, y: windows[0], logSumExp: logSumExp.vector, at: place,
        scratch: scratch.vector, into: windows[1], windows[2], windows[3], by: products)
      return withExtendedLifetime((outputs, factors)) { windows[0...3].map(Table.init) }
    }
    // 8 bits of significand in every factor.
    for (rounded, exact) in zip(run(EmulatedBFloat16Products()), run(nil)) {
      #expect(relativeError(rounded, exact) < 8e-3)
      #expect(relativeError(rounded, exact) > 1e-5)
    }
  }
}

/// A buffer that an array can hold.
private final class FloatBufferBox {
  let buffer: FloatBuffer
  init(_ count: Int) { buffer = FloatBuffer(count, filledWith: .nan) }
}
