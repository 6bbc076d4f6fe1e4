import Buffers

/// Sums and checks over a window.
public enum Reduction {
  /// Σ vᵢ², the same bits for the same window contents wherever it lies.
  ///
  /// Blocks of 1,024 elements are summed in 16 float lanes of 64 terms, the blocks in Double in
  /// their order.
  public static func sumOfSquares(_ v: Vector) -> Double {
    var sum = 0.0
    var start = 0
    while start < v.count {
      let block = v[start..<min(start + 1024, v.count)]
      var squares = Lanes()
      @inline(__always)
      func step(_ i: LaneStep) {
        let value = block[i]
        squares = squares.addingProduct(value, value)
      }
      forEachStep(of: block.count, step)
      sum += Double(squares.total)
      start += 1024
    }
    return sum
  }

  /// Σ aᵢbᵢ in 16 float lanes.
  static func dot(_ a: Vector, _ b: Vector) -> Float {
    precondition(a.count == b.count, "a dot product of different sizes")
    var products = Lanes()
    @inline(__always)
    func step(_ i: LaneStep) { products = products.addingProduct(a[i], b[i]) }
    forEachStep(of: a.count, step)
    return products.total
  }

  /// True if no element is NaN or infinite.
  public static func isFinite(_ v: Vector) -> Bool {
    // 0·x is NaN for x NaN or infinite, and zero for all others; NaN stays in a sum.
    var zero = Lanes()
    @inline(__always)
    func step(_ i: LaneStep) { zero = zero.addingProduct(v[i], Lanes()) }
    forEachStep(of: v.count, step)
    return zero.total == 0
  }

  /// The first element, by rows, that is NaN or infinite.
  public static func firstNonFinite(_ m: Matrix) -> (row: Int, column: Int)? {
    for row in 0..<m.rows where !isFinite(m[row: row]) {
      for column in 0..<m.columns where !m[row: row][column].isFinite { return (row, column) }
    }
    return nil
  }
}
