import Buffers
import Kernels
import Testing

struct GELUTests {
  @Test func referenceSlopeMatchesFiniteDifference() {
    let x = Table(1, 99, seed: 1, scale: 4)
    let dy = Table(1, 99, seed: 2)
    expectGradient(
      x.map(Reference.geluSlope).zip(dy, *), of: { $0.map(Reference.gelu).dot(dy) }, at: x)
  }

  @Test(arguments: Shape.all) func forwardAndBackwardMatchReference(_ shape: Shape) {
    let count = shape.rows * shape.columns
    let x = Table(1, count, seed: 3, scale: 4)
    let dy = Table(1, count, seed: 4)
    let xs = FloatBuffer(x)
    let ys = FloatBuffer(count, filledWith: .nan)
    let ds = FloatBuffer(dy)
    GELU.forward(xs.vector, into: ys.vector)
    GELU.backward(ds.vector, x: xs.vector, into: ds.vector)
    expectClose(Table(ys.vector), x.map(Reference.gelu))
    expectClose(Table(ds.vector), x.map(Reference.geluSlope).zip(dy, *))
  }

  /// Each element by itself: 1 + tanh would cancel here, and one large element would hide small
  /// ones from a norm.
  @Test func smallAndNegativeElementsAreAccurate() {
    for value in [-5, -3, -1, -1e-3, -1e-20, 1e-20, 1e-3, 1, 3, 5] as [Float] {
      let x = FloatBuffer(1, filledWith: value)
      GELU.forward(x.vector, into: x.vector)
      // tanh in Float64 has 1e-16/1e-10 left of 1 + tanh at -5.
      #expect(abs(Double(x.vector[0]) / Reference.gelu(Double(value)) - 1) < 5e-6, "at \(value)")
    }
  }

  @Test func largeElementsSaturateAndNaNPropagates() {
    let x = FloatBuffer(Table(1, 5) { [-1e4, -50, 50, 1e4, .nan][$1] })
    let y = FloatBuffer(5)
    let dx = FloatBuffer(5, filledWith: 1)
    GELU.forward(x.vector, into: y.vector)
    GELU.backward(dx.vector, x: x.vector, into: dx.vector)
    #expect(y.vector.array[0..<4] == [0, 0, 50, 1e4])
    #expect(dx.vector.array[0..<4] == [0, 0, 1, 1])
    #expect(y.vector[4].isNaN && dx.vector[4].isNaN)
  }

  @Test func bitsDoNotDependOnPlace() {
    let x = FloatBuffer(Table(1, 83, seed: 5, scale: 4))
    let whole = FloatBuffer(83)
    let parts = FloatBuffer(83)
    GELU.forward(x.vector, into: whole.vector)
    for range in [0..<1, 1..<20, 20..<52, 52..<83] {
      GELU.forward(x.vector[range], into: parts.vector[range])
    }
    #expect(parts.vector.array == whole.vector.array)
  }

  @Test func refusesAnotherSize() async {
    await #expect(processExitsWith: .failure) {
      GELU.forward(FloatBuffer(4).vector, into: FloatBuffer(5).vector)
    }
    await #expect(processExitsWith: .failure) {
      let four = FloatBuffer(4)
      GELU.backward(FloatBuffer(5).vector, x: four.vector, into: four.vector)
    }
  }
}
