import Buffers
import Kernels
import Testing

struct ElementwiseTests {
  @Test(arguments: [1, 15, 16, 17, 100]) func vectorsAreCombinedElementByElement(_ count: Int) {
    // Small integers: exact in any order.
    let a = Table(1, count) { Double($1 % 7 - 3) }
    let b = Table(1, count) { Double($1 % 5 + 1) }
    let x = FloatBuffer(a)
    let y = FloatBuffer(b)
    let z = FloatBuffer(count + 1, filledWith: before)
    let result = z[0..<count]
    Elementwise.add(x.vector, y.vector, into: result)
    #expect(Table(result) == a.zip(b, +))
    Elementwise.multiply(x.vector, y.vector, into: result)
    #expect(Table(result) == a.zip(b, *))
    Elementwise.scale(x.vector, by: -2, into: result)
    #expect(Table(result) == a.map { -2 * $0 })
    Elementwise.scale(y.vector, by: 3, addingTo: result)
    #expect(Table(result) == a.zip(b) { -2 * $0 + 3 * $1 })
    #expect(z.vector[count] == before)
  }

  @Test(arguments: Shape.all) func biasIsLaidIntoRowsAndGradientsAreSummedOverThem(_ shape: Shape) {
    let (rows, c) = (shape.rows, shape.columns)
    let x = Table(rows, c) { Double(($0 * 31 + $1 * 7) % 19 - 9) }
    let b = Table(1, c) { Double($1 % 11 - 5) }
    let xs = FloatBuffer(x)
    let bias = FloatBuffer(b)
    let sums = FloatBuffer(c, filledWith: before)
    Elementwise.sumRows(of: xs.matrix(rows: rows, columns: c), addingTo: sums.vector)
    #expect(Table(sums.vector) == Reference.columnSums(x).map { $0 + Double(before) })
    Elementwise.broadcastRows(bias.vector, into: xs.matrix(rows: rows, columns: c))
    #expect(Table(xs.matrix(rows: rows, columns: c)) == Table(rows, c) { b[0, $1] })
  }

  @Test func refusesAnotherSize() async {
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(8)
      Elementwise.add(v.vector, v[0..<7], into: v.vector)
    }
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(8)
      Elementwise.sumRows(of: v.matrix(rows: 2, columns: 4), addingTo: v.vector)
    }
  }
}
