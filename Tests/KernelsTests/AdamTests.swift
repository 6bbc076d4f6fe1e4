import Buffers
import Kernels
import Testing

struct AdamTests {
  @Test(arguments: [1, 16, 37], [0, 0.01] as [Float])
  func threeUpdatesMatchReference(_ count: Int, _ decay: Float) {
    var p = Table(1, count, seed: 1).values
    var m = [Double](repeating: 0, count: count)
    var v = m
    let start = p
    let weights = FloatBuffer(Table(1, count, seed: 1))
    let moments = FloatBuffer(2 * count)
    for update in 1...3 {
      let g = Table(1, count, seed: UInt64(update + 1))
      let gradients = FloatBuffer(g)
      let rate: Float = 0.1
      Adam.step(
        weights: weights.vector, gradients: gradients.vector, firstMoments: moments[0..<count],
        secondMoments: moments[count..<2 * count], rate: rate, beta1: 0.9, beta2: 0.999,
        epsilon: 1e-2, weightDecay: decay, gradientScale: 0.25)
      for i in 0..<count {
        let scaled = 0.25 * g.values[i]
        m[i] = Double(Float(0.9)) * m[i] + Double(1 - Float(0.9)) * scaled
        v[i] = Double(Float(0.999)) * v[i] + Double(1 - Float(0.999)) * scaled * scaled
        p[i] -=
          Double(rate) * (m[i] / (v[i].squareRoot() + Double(Float(1e-2))) + Double(decay) * p[i])
      }
      #expect(Table(gradients.vector) == g)
    }
    func table(_ values: [Double]) -> Table { Table(1, count) { values[$1] } }
    expectClose(Table(moments[0..<count]), table(m))
    expectClose(Table(moments[count..<2 * count]), table(v))
    // Compare the change, not the weight.
    let learned = Table(weights.vector).zip(table(start), -)
    expectClose(learned, table(p).zip(table(start), -))
  }

  @Test func aWeightWithoutGradientOnlyDecays() {
    let v = FloatBuffer(4)
    v.vector[0] = 2
    Adam.step(
      weights: v[0..<1], gradients: v[1..<2], firstMoments: v[2..<3], secondMoments: v[3..<4],
      rate: 0.5, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.5, gradientScale: 1)
    #expect(v.vector.array == [1.5, 0, 0, 0])
  }

  @Test func refusesAnotherSize() async {
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(8)
      Adam.step(
        weights: v.vector, gradients: v.vector, firstMoments: v.vector, secondMoments: v[0..<7],
        rate: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, gradientScale: 1)
    }
  }
}
