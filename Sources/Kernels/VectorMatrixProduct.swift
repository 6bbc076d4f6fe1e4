import Buffers

/// One row times a matrix, at the speed at which the matrix comes from memory: what generation does with every weight for every
/// token.
///
/// Eight rows of the matrix are read at once, an eighth of all rows apart: as many streams keep more of memory busy than one does
/// (on the machine that this was measured on, 35 GB/s by two threads against 25 row by row), and each goes on from a row to the
/// next. Bits depend on the shapes alone.
public enum VectorMatrixProduct {
  /// Rows of the matrix that are read at once.
  private static let streams = 8

  /// y = x W, or y += x W. Windows on rows of W, with as many elements of x, give parts of the sum.
  ///
  /// - Parameters:
  ///   - x: (in)
  ///   - weight: (in, out), at least one row
  ///   - y: (out), overwritten
  public static func multiply(_ x: Vector, _ weight: Matrix, into y: Vector) {
    precondition(
      x.count == weight.rows && y.count == weight.columns && weight.rows > 0,
      "a row of \(x.count) times (\(weight.rows), \(weight.columns)) into \(y.count)")
    let length = weight.rows / streams
    for row in 0..<length { addEight(x, weight, row, apart: length, to: y) }
    for row in length * streams..<weight.rows {
      let factor = x[row]
      let weights = weight[row: row]
      let overwrites = row == 0
      @inline(__always)
      func step(_ i: LaneStep) {
        let sum = overwrites ? Lanes() : y[i]
        y[i] = sum.addingProduct(weights[i], Lanes(repeating: factor))
      }
      forEachStep(of: y.count, step)
    }
  }

  /// y += x W over eight rows, the first of them `row`; overwrites y where that is 0.
  @inline(__always)
  private static func addEight(
    _ x: Vector, _ weight: Matrix, _ row: Int, apart: Int, to y: Vector
  ) {
    func weights(_ stream: Int) -> Vector { weight[row: row + stream * apart] }
    let (w0, w1, w2, w3) = (weights(0), weights(1), weights(2), weights(3))
    let (w4, w5, w6, w7) = (weights(4), weights(5), weights(6), weights(7))
    func factor(_ stream: Int) -> Float { x[row + stream * apart] }
    let (x0, x1, x2, x3) = (factor(0), factor(1), factor(2), factor(3))
    let (x4, x5, x6, x7) = (factor(4), factor(5), factor(6), factor(7))
    let overwrites = row == 0
    @inline(__always)
    func step(_ i: LaneStep) {
      var sum = overwrites ? Lanes() : y[i]
      sum.addProduct(w0[i], Lanes(repeating: x0))
      sum.addProduct(w1[i], Lanes(repeating: x1))
      sum.addProduct(w2[i], Lanes(repeating: x2))
      sum.addProduct(w3[i], Lanes(repeating: x3))
      sum.addProduct(w4[i], Lanes(repeating: x4))
      sum.addProduct(w5[i], Lanes(repeating: x5))
      sum.addProduct(w6[i], Lanes(repeating: x6))
      sum.addProduct(w7[i], Lanes(repeating: x7))
      y[i] = sum
    }
    forEachStep(of: y.count, step)
  }

  /// y = W x: a dot product with every row. Windows on rows of W and y give the same bits as the whole.
  ///
  /// - Parameters:
  ///   - x: (in)
  ///   - weight: (out, in)
  ///   - y: (out), overwritten
  public static func multiply(_ x: Vector, transposed weight: Matrix, into y: Vector) {
    precondition(
      x.count == weight.columns && y.count == weight.rows,
      "a row of \(x.count) times (\(weight.rows), \(weight.columns)) transposed into \(y.count)")
    let length = weight.rows / streams
    for row in 0..<length { dotEight(x, weight, row, apart: length, into: y) }
    for row in length * streams..<weight.rows {
      let weights = weight[row: row]
      var sum = Half()
      var index = 0
      while index &+ Half.scalarCount <= x.count {
        sum.addProduct(weights.half(at: index), x.half(at: index))
        index &+= Half.scalarCount
      }
      y[row] = total(sum, weights, x)
    }
  }

  /// Half a step: with eight sums at work, whole ones would not fit the registers.
  fileprivate typealias Half = SIMD8<Float>

  private static func dotEight(
    _ x: Vector, _ weight: Matrix, _ row: Int, apart: Int, into y: Vector
  ) {
    func weights(_ stream: Int) -> Vector { weight[row: row + stream * apart] }
    let (w0, w1, w2, w3) = (weights(0), weights(1), weights(2), weights(3))
    let (w4, w5, w6, w7) = (weights(4), weights(5), weights(6), weights(7))
    var (s0, s1, s2, s3) = (Half(), Half(), Half(), Half())
    var (s4, s5, s6, s7) = (Half(), Half(), Half(), Half())
    var index = 0
    while index &+ Half.scalarCount <= x.count {
      let part = x.half(at: index)
      s0.addProduct(w0.half(at: index), part)
      s1.addProduct(w1.half(at: index), part)
      s2.addProduct(w2.half(at: index), part)
      s3.addProduct(w3.half(at: index), part)
      s4.addProduct(w4.half(at: index), part)
      s5.addProduct(w5.half(at: index), part)
      s6.addProduct(w6.half(at: index), part)
      s7.addProduct(w7.half(at: index), part)
      index &+= Half.scalarCount
    }
    func write(_ stream: Int, _ sum: Half, _ weights: Vector) {
      y[row + stream * apart] = total(sum, weights, x)
    }
    write(0, s0, w0)
    write(1, s1, w1)
    write(2, s2, w2)
    write(3, s3, w3)
    write(4, s4, w4)
    write(5, s5, w5)
    write(6, s6, w6)
    write(7, s7, w7)
  }

  /// The lanes' sum, and the products of what is left over by eight.
  @inline(__always)
  private static func total(_ sum: Half, _ weights: Vector, _ x: Vector) -> Float {
    let four = sum.lowHalf + sum.highHalf
    let two = four.lowHalf + four.highHalf
    var result = two.x + two.y
    for index in x.count / Half.scalarCount * Half.scalarCount..<x.count {
      result.addProduct(weights[index], x[index])
    }
    return result
  }
}

extension Vector {
  /// The 8 elements from `index` on, unchecked.
  @inline(__always)
  fileprivate func half(at index: Int) -> VectorMatrixProduct.Half {
    unsafe UnsafeRawPointer(base + index).loadUnaligned(as: VectorMatrixProduct.Half.self)
  }
}
