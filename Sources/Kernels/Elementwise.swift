import Buffers

/// Sums of vectors, and of matrices with a bias.
public enum Elementwise {
  /// y = a + b; y, overwritten, may be a or b.
  public static func add(_ a: Vector, _ b: Vector, into y: Vector) {
    precondition(
      a.count == y.count && b.count == y.count,
      "add: a has \(a.count) elements, b \(b.count), y \(y.count)")
    @inline(__always)
    func step(_ i: LaneStep) { y[i] = a[i] + b[i] }
    forEachStep(of: y.count, step)
  }

  /// y = a ⊙ b; y, overwritten, may be a or b.
  public static func multiply(_ a: Vector, _ b: Vector, into y: Vector) {
    precondition(
      a.count == y.count && b.count == y.count,
      "multiply: a has \(a.count) elements, b \(b.count), y \(y.count)")
    @inline(__always)
    func step(_ i: LaneStep) { y[i] = a[i] * b[i] }
    forEachStep(of: y.count, step)
  }

  /// y = α x; y, overwritten, may be x.
  public static func scale(_ x: Vector, by alpha: Float, into y: Vector) {
    precondition(x.count == y.count, "scale: x has \(x.count) elements, y \(y.count)")
    @inline(__always)
    func step(_ i: LaneStep) { y[i] = x[i] * alpha }
    forEachStep(of: y.count, step)
  }

  /// y += α x
  public static func scale(_ x: Vector, by alpha: Float, addingTo y: Vector) {
    precondition(x.count == y.count, "scale: x has \(x.count) elements, y \(y.count)")
    @inline(__always)
    func step(_ i: LaneStep) { y[i] = y[i].addingProduct(x[i], Lanes(repeating: alpha)) }
    forEachStep(of: y.count, step)
  }

  /// Overwrites each row of y (rows, C) with the bias (C): what a matrix product with beta = 1
  /// starts from.
  public static func broadcastRows(_ bias: Vector, into y: Matrix) {
    precondition(
      bias.count == y.columns, "broadcastRows: \(bias.count) elements for \(y.columns) columns")
    for row in 0..<y.rows { y[row: row].copy(from: bias) }
  }

  /// Adds the rows of dy (rows, C) to dBias (C), one after the other: the gradient of a bias.
  public static func sumRows(of dy: Matrix, addingTo dBias: Vector) {
    precondition(
      dBias.count == dy.columns, "sumRows: \(dBias.count) elements for \(dy.columns) columns")
    for row in 0..<dy.rows { add(dBias, dy[row: row], into: dBias) }
  }
}
