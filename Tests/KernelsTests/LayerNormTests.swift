import Buffers
import Kernels
import Testing

struct LayerNormTests {
  @Test func referenceGradientsMatchFiniteDifference() {
    let x = Table(3, 5, seed: 1)
    let gain = Table(1, 5, seed: 2)
    let bias = Table(1, 5, seed: 3)
    let dy = Table(3, 5, seed: 4)
    let (dx, dGain, dBias) = Reference.layerNormBackward(dy, x: x, gain: gain)
    expectGradient(dx, of: { Reference.layerNorm($0, gain: gain, bias: bias).dot(dy) }, at: x)
    expectGradient(dGain, of: { Reference.layerNorm(x, gain: $0, bias: bias).dot(dy) }, at: gain)
    expectGradient(dBias, of: { Reference.layerNorm(x, gain: gain, bias: $0).dot(dy) }, at: bias)
  }

  @Test(arguments: Shape.all) func forwardAndBackwardMatchReference(_ shape: Shape) {
    let (rows, c) = (shape.rows, shape.columns)
    // Off centre by a hundred of its own spread: a one-pass variance would lose half its digits.
    let x = Table(rows, c, seed: 1).map { Double(Float($0 + 100)) }
    let gain = Table(1, c, seed: 2)
    let bias = Table(1, c, seed: 3)
    let dy = Table(rows, c, seed: 4)
    let xs = FloatBuffer(x)
    let gains = FloatBuffer(gain)
    let biases = FloatBuffer(bias)
    let ys = FloatBuffer(rows * c, filledWith: .nan)
    let means = FloatBuffer(rows, filledWith: .nan)
    let rstds = FloatBuffer(rows, filledWith: .nan)
    LayerNorm.forward(
      xs.matrix(rows: rows, columns: c), gain: gains.vector, bias: biases.vector, epsilon: 1e-5,
      into: ys.matrix(rows: rows, columns: c), mean: means.vector, rstd: rstds.vector)
    // The mean's rounding, 100 · 6e-8, is that much of a spread of 0.6.
    expectClose(
      Table(ys.matrix(rows: rows, columns: c)),
      Reference.layerNorm(x, gain: gain, bias: bias), tolerance: 2e-5)
    let (mean, rstd) = Reference.moments(x)
    expectClose(Table(means.vector), mean)
    expectClose(Table(rstds.vector), rstd, tolerance: 2e-5)

    let ds = FloatBuffer(dy)
    let dGains = FloatBuffer(c, filledWith: before)
    let dBiases = FloatBuffer(c, filledWith: before)
    LayerNorm.backward(
      ds.matrix(rows: rows, columns: c), x: xs.matrix(rows: rows, columns: c), gain: gains.vector,
      mean: means.vector, rstd: rstds.vector, into: ds.matrix(rows: rows, columns: c),
      addingToGain: dGains.vector, bias: dBiases.vector)
    let (dx, dGain, dBias) = Reference.layerNormBackward(dy, x: x, gain: gain)
    expectClose(Table(ds.matrix(rows: rows, columns: c)), dx, tolerance: 2e-5)
    expectAdded(Table(dGains.vector), dGain, tolerance: 2e-5)
    expectAdded(Table(dBiases.vector), dBias)
  }

  @Test func columnsOfAWiderMatrixAreNormalisedAlone() {
    let wide = FloatBuffer(Table(3, 40, seed: 1))
    let alone = FloatBuffer(3 * 21)
    let gain = FloatBuffer(21, filledWith: 1)
    let bias = FloatBuffer(21)
    let moments = FloatBuffer(6)
    let window = wide.matrix(rows: 3, columns: 40)[columns: 7..<28]
    for row in 0..<3 {
      alone.matrix(rows: 3, columns: 21)[row: row].copy(from: window[row: row])
    }
    let untouched = wide.matrix(rows: 3, columns: 40)[columns: 28..<40]
    let rest = Table(untouched)
    for x in [window, alone.matrix(rows: 3, columns: 21)] {
      LayerNorm.forward(
        x, gain: gain.vector, bias: bias.vector, epsilon: 1e-5, into: x, mean: moments[0..<3],
        rstd: moments[3..<6])
    }
    #expect(Table(window) == Table(alone.matrix(rows: 3, columns: 21)))
    #expect(Table(untouched) == rest)
  }

  @Test func refusesAnotherShape() async {
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(30)
      LayerNorm.forward(
        v.matrix(rows: 2, columns: 5), gain: v[0..<4], bias: v[0..<5], epsilon: 1e-5,
        into: v.matrix(rows: 2, columns: 5), mean: v[0..<2], rstd: v[0..<2])
    }
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(30)
      let x = v.matrix(rows: 2, columns: 5)
      LayerNorm.backward(
        x, x: x, gain: v[0..<5], mean: v[0..<2], rstd: v[0..<1], into: x, addingToGain: v[0..<5],
        bias: v[0..<5])
    }
  }
}
