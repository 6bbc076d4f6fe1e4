import Buffers

extension VectorMatrixProduct {
  /// y = x Wᵀ: a dot product with every row. Windows on rows of W and columns of y give the same bits as the whole.
  ///
  /// - Parameters:
  ///   - x: (n, in)
  ///   - weight: (out, in)
  ///   - y: (n, out), overwritten
  public static func multiply(_ x: Matrix, transposed weight: Matrix, into y: Matrix) {
    transposedProduct(x, weight, into: y)
  }

  /// y = x Wᵀ with W in bf16: the bits of the product with the same weights in fp32.
  public static func multiply(_ x: Matrix, transposed weight: BFloat16Matrix, into y: Matrix) {
    transposedProduct(x, weight, into: y)
  }

  /// y = W x of one row.
  ///
  /// - Parameters:
  ///   - x: (in)
  ///   - weight: (out, in)
  ///   - y: (out), overwritten
  public static func multiply(_ x: Vector, transposed weight: Matrix, into y: Vector) {
    transposedProduct(
      x.matrix(rows: 1, columns: x.count), weight, into: y.matrix(rows: 1, columns: y.count))
  }

  private static func transposedProduct<Weight: WeightRows>(
    _ x: Matrix, _ weight: Weight, into y: Matrix
  ) {
    precondition(
      x.columns == weight.columns && y.columns == weight.rows && x.rows == y.rows,
      "(\(x.rows), \(x.columns)) times (\(weight.rows), \(weight.columns)) transposed into (\(y.rows), \(y.columns))"
    )
    let apart = weight.rows / streams
    for row in 0..<apart {
      let rows = EightRows(weight, row, apart: apart, columns: 0..<weight.columns)
      var sample = 0
      while sample &+ 4 <= x.rows {
        // In pairs: as many sums as in one row of x times eight.
        dotTwo(rows.w0, rows.w1, withFour: sample, x, into: y, row, row + apart)
        dotTwo(rows.w2, rows.w3, withFour: sample, x, into: y, row + 2 * apart, row + 3 * apart)
        dotTwo(rows.w4, rows.w5, withFour: sample, x, into: y, row + 4 * apart, row + 5 * apart)
        dotTwo(rows.w6, rows.w7, withFour: sample, x, into: y, row + 6 * apart, row + 7 * apart)
        sample &+= 4
      }
      while sample < x.rows {
        dotEight(x[row: sample], rows, row, apart: apart, into: y[row: sample])
        sample &+= 1
      }
    }
    for row in apart * streams..<weight.rows {
      let weights = weight[row: row]
      for sample in 0..<x.rows { y[row: sample][row] = dot(x[row: sample], weights) }
    }
  }

  @inline(__always)
  private static func dot(_ x: Vector, _ weights: some WeightRow) -> Float {
    var sum = HalfLanes()
    var index = 0
    while index &+ HalfLanes.scalarCount <= x.count {
      sum.addProduct(weights.half(at: index), x.half(at: index))
      index &+= HalfLanes.scalarCount
    }
    return total(sum, weights, x)
  }

  /// Sums of half a step: eight whole ones would not fit the registers.
  @inline(never)
  private static func dotEight<Row: WeightRow>(
    _ x: Vector, _ w: EightRows<Row>, _ row: Int, apart: Int, into y: Vector
  ) {
    var (s0, s1, s2, s3) = (HalfLanes(), HalfLanes(), HalfLanes(), HalfLanes())
    var (s4, s5, s6, s7) = (HalfLanes(), HalfLanes(), HalfLanes(), HalfLanes())
    var index = 0
    while index &+ HalfLanes.scalarCount <= x.count {
      let part = x.half(at: index)
      s0.addProduct(w.w0.half(at: index), part)
      s1.addProduct(w.w1.half(at: index), part)
      s2.addProduct(w.w2.half(at: index), part)
      s3.addProduct(w.w3.half(at: index), part)
      s4.addProduct(w.w4.half(at: index), part)
      s5.addProduct(w.w5.half(at: index), part)
      s6.addProduct(w.w6.half(at: index), part)
      s7.addProduct(w.w7.half(at: index), part)
      index &+= HalfLanes.scalarCount
    }
    y[row] = total(s0, w.w0, x)
    y[row + apart] = total(s1, w.w1, x)
    y[row + 2 * apart] = total(s2, w.w2, x)
    y[row + 3 * apart] = total(s3, w.w3, x)
    y[row + 4 * apart] = total(s4, w.w4, x)
    y[row + 5 * apart] = total(s5, w.w5, x)
    y[row + 6 * apart] = total(s6, w.w6, x)
    y[row + 7 * apart] = total(s7, w.w7, x)
  }

  /// Two rows of weights with four rows of x: each weight is loaded, and widened, once for the four.
  @inline(never)
  private static func dotTwo<Row: WeightRow>(
    _ w0: Row, _ w1: Row, withFour first: Int, _ x: Matrix, into y: Matrix, _ row0: Int, _ row1: Int
  ) {
    let (a, b) = (x[row: first], x[row: first + 1])
    let (c, d) = (x[row: first + 2], x[row: first + 3])
    var (a0, b0, c0, d0) = (HalfLanes(), HalfLanes(), HalfLanes(), HalfLanes())
    var (a1, b1, c1, d1) = (HalfLanes(), HalfLanes(), HalfLanes(), HalfLanes())
    var index = 0
    while index &+ HalfLanes.scalarCount <= x.columns {
      let (v0, v1) = (w0.half(at: index), w1.half(at: index))
      let (xa, xb) = (a.half(at: index), b.half(at: index))
      let (xc, xd) = (c.half(at: index), d.half(at: index))
      a0.addProduct(v0, xa)
      a1.addProduct(v1, xa)
      b0.addProduct(v0, xb)
      b1.addProduct(v1, xb)
      c0.addProduct(v0, xc)
      c1.addProduct(v1, xc)
      d0.addProduct(v0, xd)
      d1.addProduct(v1, xd)
      index &+= HalfLanes.scalarCount
    }
    @inline(__always)
    func write(_ sample: Int, _ x: Vector, _ sum0: HalfLanes, _ sum1: HalfLanes) {
      let y = y[row: first + sample]
      y[row0] = total(sum0, w0, x)
      y[row1] = total(sum1, w1, x)
    }
    write(0, a, a0, a1)
    write(1, b, b0, b1)
    write(2, c, c0, c1)
    write(3, d, d0, d1)
  }

  /// The lanes' sum, and the products of what is left over by eight.
  @inline(__always)
  private static func total(_ sum: HalfLanes, _ weights: some WeightRow, _ x: Vector) -> Float {
    let four = sum.lowHalf + sum.highHalf
    let two = four.lowHalf + four.highHalf
    var result = two.x + two.y
    for index in x.count / HalfLanes.scalarCount * HalfLanes.scalarCount..<x.count {
      result.addProduct(weights[index], x[index])
    }
    return result
  }
}
