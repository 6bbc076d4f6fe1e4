import Buffers
import Kernels
import Testing

struct BFloat16Tests {
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
    let factor = FactorWindow(Table(1, count) { Double(cases[$1 % cases.count].0) })
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
    let factors = (1...4).map {
      FactorWindow(Table(shape.length, shape.width, seed: UInt64($0)), gap: 0)
    }
    func run(_ precision: Precision) -> [Table] {
      let products = ProductEngine.automatic(for: precision).products(precision, workers: 1)[0]
      // Without the roundings where products are in fp32.
      let factors = factors.map { precision.rounds ? $0.window : Factor($0.window.values) }
      let outputs = (0..<5).map { _ in FloatBufferBox(shape.length * shape.width) }
      let windows = outputs.map { $0.buffer.matrix(rows: shape.length, columns: shape.width) }
      let scratch = FloatBuffer(Attention.scratchCount(length: shape.length))
      let logSumExp = FloatBuffer(shape.length)
      let place = Attention.Place(
        dropout: Dropout(probability: 0.1, seed: 1, step: 1), sample: 3, layer: 1, head: 2,
        context: 80)
      let (q, k, v, dy) = (
        factors[0], factors[1], factors[2], factors[3]
      )
      Attention.forward(
        q: q, k: k, v: v, at: place, scratch: scratch.vector, into: windows[0],
        logSumExp: logSumExp.vector, by: products)
      Attention.backward(
        dy: dy, q: q, k: k, v: v, y: windows[0], logSumExp: logSumExp.vector, at: place,
        scratch: scratch.vector, into: windows[1], windows[2], windows[3], by: products)
      return withExtendedLifetime((outputs, windows)) { windows[0...3].map(Table.init) }
    }
    // 8 bits of significand in every factor.
    for (rounded, exact) in zip(run(.bf16Emulated), run(.fp32)) {
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
