import Buffers

/// A few rows times a matrix, at the speed at which the matrix comes from memory: what generation does with every weight for every
/// token. The matrix is in fp32 or bf16; all sums are in fp32.
///
/// Eight rows of the matrix are read at once, an eighth of all rows apart: as many streams keep more of memory busy than one does
/// (on the machine that this was measured on, 35 GB/s by two threads against 25 row by row), and each goes on from a row to the
/// next. What was read serves all rows of x before the next is read. The bits of a row of y depend on its row of x, the matrix and
/// the shape of the matrix alone: the other rows of x change none.
public enum VectorMatrixProduct {
  /// Rows of the matrix that are read at once.
  static let streams = 8

  /// Columns of these rows, in fp32 16 KiB, that stay in the L1 cache for all rows of x.
  private static let blockColumns = 512

  /// y = x W. Windows on rows of W, with as many elements of x, give parts of the sum.
  ///
  /// - Parameters:
  ///   - x: (n, in)
  ///   - weight: (in, out), at least one row
  ///   - y: (n, out), overwritten
  public static func multiply(_ x: Matrix, _ weight: Matrix, into y: Matrix) {
    product(x, weight, into: y)
  }

  /// y = x W with W in bf16: the bits of the product with the same weights in fp32.
  public static func multiply(_ x: Matrix, _ weight: BFloat16Matrix, into y: Matrix) {
    product(x, weight, into: y)
  }

  /// y = x W of one row.
  ///
  /// - Parameters:
  ///   - x: (in)
  ///   - weight: (in, out), at least one row
  ///   - y: (out), overwritten
  public static func multiply(_ x: Vector, _ weight: Matrix, into y: Vector) {
    product(
      x.matrix(rows: 1, columns: x.count), weight, into: y.matrix(rows: 1, columns: y.count))
  }

  private static func product<Weight: WeightRows>(_ x: Matrix, _ weight: Weight, into y: Matrix) {
    precondition(
      x.columns == weight.rows && y.columns == weight.columns && x.rows == y.rows
        && weight.rows > 0,
      "(\(x.rows), \(x.columns)) times (\(weight.rows), \(weight.columns)) into (\(y.rows), \(y.columns))"
    )
    let apart = weight.rows / streams
    for row in 0..<apart {
      var start = 0
      while start < y.columns {
        let columns = start..<min(start + blockColumns, y.columns)
        addEight(
          x, row, apart: apart, EightRows(weight, row, apart: apart, columns: columns),
          to: y[columns: columns])
        start = columns.upperBound
      }
    }
    for row in apart * streams..<weight.rows {
      let weights = weight[row: row]
      for sample in 0..<x.rows { addOne(x[row: sample][row], row, weights, to: y[row: sample]) }
    }
  }

  /// y += x W over eight rows, the first of them `row`; overwrites y where that is 0.
  @inline(__always)
  private static func addEight<Row: WeightRow>(
    _ x: Matrix, _ row: Int, apart: Int, _ weights: EightRows<Row>, to y: Matrix
  ) {
    var sample = 0
    while sample &+ 4 <= x.rows {
      addEight(toFour: sample, x, row, apart: apart, weights, to: y)
      sample &+= 4
    }
    while sample < x.rows {
      let factors = Factors(x[row: sample], row, apart: apart)
      addEight(factors, overwriting: row == 0, weights, to: y[row: sample])
      sample &+= 1
    }
  }

  /// The elements of a row of x that belong to eight rows of weights.
  private struct Factors {
    let x0, x1, x2, x3, x4, x5, x6, x7: Float

    @inline(__always)
    init(_ x: Vector, _ first: Int, apart: Int) {
      (x0, x1) = (x[first], x[first + apart])
      (x2, x3) = (x[first + 2 * apart], x[first + 3 * apart])
      (x4, x5) = (x[first + 4 * apart], x[first + 5 * apart])
      (x6, x7) = (x[first + 6 * apart], x[first + 7 * apart])
    }
  }

  @inline(never)
  private static func addEight<Row: WeightRow>(
    _ x: Factors, overwriting: Bool, _ w: EightRows<Row>, to y: Vector
  ) {
    @inline(__always)
    func step(_ i: LaneStep) {
      var sum = overwriting ? Lanes() : y[i]
      sum.addProduct(w.w0[i], Lanes(repeating: x.x0))
      sum.addProduct(w.w1[i], Lanes(repeating: x.x1))
      sum.addProduct(w.w2[i], Lanes(repeating: x.x2))
      sum.addProduct(w.w3[i], Lanes(repeating: x.x3))
      sum.addProduct(w.w4[i], Lanes(repeating: x.x4))
      sum.addProduct(w.w5[i], Lanes(repeating: x.x5))
      sum.addProduct(w.w6[i], Lanes(repeating: x.x6))
      sum.addProduct(w.w7[i], Lanes(repeating: x.x7))
      y[i] = sum
    }
    forEachStep(of: y.count, step)
  }

  /// Four rows of x at once: each weight is loaded, and widened, once for the four.
  @inline(never)
  private static func addEight<Row: WeightRow>(
    toFour first: Int, _ x: Matrix, _ row: Int, apart: Int, _ w: EightRows<Row>, to y: Matrix
  ) {
    let overwriting = row == 0
    let (y0, y1) = (y[row: first], y[row: first + 1])
    let (y2, y3) = (y[row: first + 2], y[row: first + 3])
    let a = Factors(x[row: first], row, apart: apart)
    let b = Factors(x[row: first + 1], row, apart: apart)
    let c = Factors(x[row: first + 2], row, apart: apart)
    let d = Factors(x[row: first + 3], row, apart: apart)
    @inline(__always)
    func step(_ i: LaneStep) {
      var (s0, s1, s2, s3) = (Lanes(), Lanes(), Lanes(), Lanes())
      if !overwriting { (s0, s1, s2, s3) = (y0[i], y1[i], y2[i], y3[i]) }
      @inline(__always)
      func add(_ w: Lanes, _ a: Float, _ b: Float, _ c: Float, _ d: Float) {
        s0.addProduct(w, Lanes(repeating: a))
        s1.addProduct(w, Lanes(repeating: b))
        s2.addProduct(w, Lanes(repeating: c))
        s3.addProduct(w, Lanes(repeating: d))
      }
      add(w.w0[i], a.x0, b.x0, c.x0, d.x0)
      add(w.w1[i], a.x1, b.x1, c.x1, d.x1)
      add(w.w2[i], a.x2, b.x2, c.x2, d.x2)
      add(w.w3[i], a.x3, b.x3, c.x3, d.x3)
      add(w.w4[i], a.x4, b.x4, c.x4, d.x4)
      add(w.w5[i], a.x5, b.x5, c.x5, d.x5)
      add(w.w6[i], a.x6, b.x6, c.x6, d.x6)
      add(w.w7[i], a.x7, b.x7, c.x7, d.x7)
      (y0[i], y1[i], y2[i], y3[i]) = (s0, s1, s2, s3)
    }
    forEachStep(of: y.columns, step)
  }

  /// y += x times one row, the one with number `row`; overwrites y where that is 0.
  @inline(__always)
  private static func addOne(_ x: Float, _ row: Int, _ weights: some WeightRow, to y: Vector) {
    let overwrites = row == 0
    @inline(__always)
    func step(_ i: LaneStep) {
      let sum = overwrites ? Lanes() : y[i]
      y[i] = sum.addingProduct(weights[i], Lanes(repeating: x))
    }
    forEachStep(of: y.count, step)
  }
}
