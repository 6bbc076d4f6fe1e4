import Buffers
import Kernels
import Testing

struct ReductionTests {
  @Test(arguments: [0, 1, 15, 16, 17, 1023, 1024, 1025, 5000])
  func sumOfSquaresMatchesReference(_ count: Int) {
    let v = Table(1, count, seed: 1)
    let buffer = FloatBuffer(v)
    let sum = Reduction.sumOfSquares(buffer.vector)
    #expect(abs(sum - v.dot(v)) <= 1e-6 * v.dot(v))
  }

  @Test func sumOfSquaresDoesNotDependOnPlace() {
    let v = FloatBuffer(Table(1, 3000, seed: 2))
    let shifted = FloatBuffer(3005)
    shifted[5..<3005].copy(from: v.vector)
    #expect(Reduction.sumOfSquares(v.vector) == Reduction.sumOfSquares(shifted[5..<3005]))
  }

  @Test func oneElementThatIsNotFiniteIsFoundAnywhere() {
    for value in [Float.nan, .infinity, -.infinity, .signalingNaN] {
      for index in 0..<37 {
        let v = FloatBuffer(37, filledWith: -.greatestFiniteMagnitude)
        #expect(Reduction.isFinite(v.vector))
        v.vector[index] = value
        #expect(!Reduction.isFinite(v.vector), "\(value) at \(index)")
      }
    }
  }

  @Test func oppositeInfinitiesAreNotFinite() {
    let v = FloatBuffer(32)
    v.vector[0] = .infinity
    v.vector[16] = -.infinity
    #expect(!Reduction.isFinite(v.vector))
  }

  @Test func firstNonFiniteIsNamedByRowAndColumnOfTheWindow() {
    let buffer = FloatBuffer(60)
    let window = buffer.matrix(rows: 3, columns: 20)[columns: 2..<19]
    buffer.vector[20] = .nan  // row 1, outside the window
    #expect(Reduction.firstNonFinite(window) == nil)
    window[row: 2][1] = .nan
    window[row: 1][16] = .infinity
    let first = Reduction.firstNonFinite(window)
    #expect(first?.row == 1 && first?.column == 16)
  }
}
