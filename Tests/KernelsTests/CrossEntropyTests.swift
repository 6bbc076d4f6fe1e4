import Buffers
import Foundation
import Kernels
import Testing

struct CrossEntropyTests {
  /// A row of logits behind which `Softmax.masked` fills up to a multiple of 16.
  static func padded(_ logits: Table) -> FloatBuffer {
    let row = FloatBuffer(Softmax.paddedCount(logits.count), filledWith: Softmax.masked)
    row[0..<logits.count].copy(from: logits.values.map(Float.init))
    return row
  }

  @Test func referenceGradientMatchesFiniteDifference() {
    let logits = Table(1, 7, seed: 1)
    expectGradient(
      Reference.crossEntropyGradient(logits, target: 2),
      of: { Reference.crossEntropy($0, target: 2) }, at: logits)
  }

  @Test(arguments: [2, 16, 33, 1001], [0, 0.125, 1] as [Float])
  func lossAndGradientMatchReference(_ count: Int, _ scale: Float) {
    let logits = Table(1, count, seed: 1, scale: 5)
    for target in [0, count / 2, count - 1] {
      let expected = Reference.crossEntropy(logits, target: target)
      let forward = Self.padded(logits)
      let backward = Self.padded(logits)
      let loss = CrossEntropy.forward(forward.vector, target: target)
      let again = CrossEntropy.forwardBackward(backward.vector, target: target, scale: scale)
      #expect(loss == again)
      // The loss is a difference of numbers up to 5 + log(1001).
      #expect(abs(Double(loss) - expected) < 2e-6)
      expectClose(
        Table(backward[0..<count]),
        Reference.crossEntropyGradient(logits, target: target).map { $0 * Double(scale) })
      #expect(backward.vector.array[count...].allSatisfy { $0 == 0 })
    }
  }

  /// Probabilities of some classes: the mean of the losses with each as the target.
  @Test(arguments: [2, 6, 16, 33]) func probabilitiesWeightTheTargets(_ count: Int) {
    let logits = Table(1, count, seed: 4, scale: 5)
    var probabilities = [Float](repeating: 0, count: count)
    probabilities[count - 2] = 0.625
    probabilities[count - 1] = 0.375
    func weighted(_ value: (_ target: Int) -> Double) -> Double {
      0.625 * value(count - 2) + 0.375 * value(count - 1)
    }
    let row = Self.padded(logits)
    let loss = CrossEntropy.forwardBackward(row.vector, probabilities: probabilities)
    #expect(
      abs(Double(loss) - weighted { Reference.crossEntropy(logits, target: $0) }) < 2e-6)
    let (first, second) = (
      Reference.crossEntropyGradient(logits, target: count - 2),
      Reference.crossEntropyGradient(logits, target: count - 1)
    )
    expectClose(Table(row[0..<count]), first.zip(second) { 0.625 * $0 + 0.375 * $1 })
    #expect(row.vector.array[count...].allSatisfy { $0 == 0 })
    // One target is the special case of a probability of 1.
    let one = Self.padded(logits)
    let other = Self.padded(logits)
    let certain = (0..<count).map { Float($0 == 1 ? 1 : 0) }
    let same = CrossEntropy.forwardBackward(one.vector, probabilities: certain)
    #expect(abs(same - CrossEntropy.forwardBackward(other.vector, target: 1, scale: 1)) < 2e-6)
    expectClose(Table(one[0..<count]), Table(other[0..<count]))
  }

  @Test func logitsOfThousandsDoNotOverflow() {
    let logits = Table(1, 5) { [-3000, 3000, 2999, 0, -1][$1] }
    let row = Self.padded(logits)
    let loss = CrossEntropy.forwardBackward(row.vector, target: 2, scale: 1)
    #expect(abs(Double(loss) - (1 + log(1 + exp(-1)))) < 3000 * 1e-7)
    #expect(Reduction.isFinite(row.vector))
  }

  /// The exponential itself, element by element, from where it vanishes up to 1.
  @Test func softmaxElementsAreAccurate() {
    let scores = Table(1, 4096) { -Double($1) * 0x1.6p-6 }
    let row = FloatBuffer(scores)
    let (total, logSumExp) = Softmax.exponentiate(row.vector, mask: nil)
    let sum = scores.values.reduce(0) { $0 + exp($1) }
    #expect(abs(Double(total) / sum - 1) < 1e-6)
    #expect(abs(Double(logSumExp) - log(sum)) < 1e-6)
    for (index, score) in scores.values.enumerated() {
      let expected = exp(score)
      if score < -87.33 {
        #expect(row.vector[index] == 0)
      } else {
        // A few units of 6e-8; subnormals have one unit.
        let tolerance = max(4e-7 * expected, Double(Float.leastNonzeroMagnitude))
        #expect(abs(Double(row.vector[index]) - expected) <= tolerance, "exp(\(score))")
      }
    }
  }

  @Test func aNaNReachesTheLoss() {
    let row = Self.padded(Table(1, 20) { $1 == 7 ? .nan : 1 })
    #expect(CrossEntropy.forward(row.vector, target: 0).isNaN)
  }

  @Test func refusesARowThatIsNotPaddedAndATargetOutside() async {
    await #expect(processExitsWith: .failure) {
      _ = CrossEntropy.forward(FloatBuffer(5).vector, target: 0)
    }
    await #expect(processExitsWith: .failure) {
      _ = CrossEntropy.forward(FloatBuffer(16).vector, target: 16)
    }
  }
}
