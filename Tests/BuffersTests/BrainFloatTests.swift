import Buffers
import Testing

struct BrainFloatTests {
  /// The nearest of the two brain floats around a float, by arithmetic in Float64; of two as near the one with an even significand.
  private static func nearest(_ value: Float) -> Float {
    guard value.isFinite else { return value }
    let below = Float(bitPattern: value.bitPattern & 0xffff_0000)
    // The next away from zero; after the largest comes infinity, which counts as 2¹²⁸.
    let above = Float(bitPattern: (value.bitPattern & 0xffff_0000) &+ 0x1_0000)
    let size =
      above.isFinite ? Double(above) : Double(sign: value.sign, exponent: 128, significand: 1)
    let (down, up) = (abs(Double(value) - Double(below)), abs(size - Double(value)))
    if down == up { return below.bitPattern >> 16 & 1 == 0 ? below : above }
    return down < up ? below : above
  }

  private static let special: [Float] = [
    0, -0, 1, -1, 1.0039062, 1.0117188, 1.0039063, -1.0117188, .greatestFiniteMagnitude,
    -.greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude, 3.3895314e38,
    .infinity, -.infinity, 1 / 3, 65_504, Float(bitPattern: 77_777),
  ]

  private static func values(_ count: Int, seed: Int = 0) -> [Float] {
    (0..<count).map { index in
      index < special.count
        ? special[index]
        : Float(bitPattern: UInt32(truncatingIfNeeded: (index + seed) &* 2_654_435_761))
    }
  }

  private func same(_ a: Float, _ b: Float) -> Bool {
    a.isNaN ? b.isNaN : a.bitPattern == b.bitPattern
  }

  @Test(arguments: [1, 16, 33, 5_000]) func roundingTakesTheNearest(count: Int) {
    let source = FloatBuffer(count)
    let target = FloatBuffer((count + 1) / 2)
    source.vector.copy(from: Self.values(count))
    let row = target.vector.brainFloats(rows: 1, columns: count)
    row.round(source.vector, row: 0)
    let expected = source.vector.array.map(Self.nearest)
    #expect(zip(row.array, expected).allSatisfy(same))
    row.widen(row: 0, into: source.vector)
    #expect(zip(source.vector.array, expected).allSatisfy(same))
  }

  @Test(arguments: [0, 1, 16, 33, 5_000]) func sumsAreMadeInFP32AndRounded(count: Int) {
    let floats = FloatBuffer(count)
    let one = FloatBuffer((count + 1) / 2)
    let other = FloatBuffer((count + 1) / 2)
    let (a, b) = (
      one.vector.brainFloats(rows: 1, columns: count),
      other.vector.brainFloats(rows: 1, columns: count)
    )
    floats.vector.copy(from: Self.values(count))
    a.round(floats.vector, row: 0)
    floats.vector.copy(from: Self.values(count, seed: 99).reversed())
    b.round(floats.vector, row: 0)
    let expected = zip(a.array, b.array).map { Self.nearest($0 + $1) }
    let before = a.array
    b.add(a)
    #expect(zip(b.array, expected).allSatisfy(same))
    #expect(zip(a.array, before).allSatisfy(same))
  }

  @Test func infinitiesOfBothSignsAreNotANumber() {
    let floats = FloatBuffer(4)
    let one = FloatBuffer(2)
    let other = FloatBuffer(2)
    let (a, b) = (
      one.vector.brainFloats(rows: 1, columns: 4), other.vector.brainFloats(rows: 1, columns: 4)
    )
    floats.vector.copy(from: [.infinity, .infinity, .nan, 1])
    a.round(floats.vector, row: 0)
    floats.vector.copy(from: [-.infinity, 5, 1, 256])
    b.round(floats.vector, row: 0)
    b.add(a)
    // 257 has no bf16: of 256 and 258 the even one.
    #expect(b.array[0].isNaN && b.array[1] == .infinity && b.array[2].isNaN && b.array[3] == 256)
  }
}
