/// A row-major window of `rows` x `columns` brain floats (the upper 16 bits of a Float) that somebody else owns.
///
/// It is what matrix products in bf16 read; whoever makes the values has them in a `Matrix` as well.
@frozen @safe
public struct BFloat16Matrix: @unchecked Sendable {
  /// The first element. `unsafe` outside Buffers, Kernels and Dist is refused by TidyTests.
  public let base: UnsafeMutablePointer<UInt16>

  /// The number of rows.
  public let rows: Int

  /// The number of columns.
  public let columns: Int

  /// Elements from the beginning of a row to that of the next.
  public let stride: Int

  /// A window on memory that outlives it.
  @unsafe @inlinable
  public init(base: UnsafeMutablePointer<UInt16>, rows: Int, columns: Int, stride: Int) {
    unsafe self.base = unsafe base
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// The window on some of the rows.
  @inlinable
  public subscript(rows range: Range<Int>) -> BFloat16Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows out of the window")
    return unsafe BFloat16Matrix(
      base: base + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
  }

  /// The window on some of the columns.
  @inlinable
  public subscript(columns range: Range<Int>) -> BFloat16Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns out of the window")
    return unsafe BFloat16Matrix(
      base: base + range.lowerBound, rows: rows, columns: range.count, stride: stride)
  }

  /// The window on `range` of a window of one row, as a row-major matrix.
  @inlinable
  public func matrix(_ range: Range<Int>, rows: Int, columns: Int) -> BFloat16Matrix {
    precondition(self.rows == 1 && rows * columns == range.count, "a matrix of another size")
    let row = self[columns: range]
    return unsafe BFloat16Matrix(base: row.base, rows: rows, columns: columns, stride: columns)
  }

  /// Overwrites `target` with a row's values.
  public func widen(row: Int, into target: Vector) {
    precondition(row >= 0 && row < rows && target.count == columns, "a row of another size")
    let source = unsafe base + row * stride
    for index in 0..<columns {
      unsafe target.base[index] = Float(bitPattern: UInt32(source[index]) << 16)
    }
  }

  /// A copy of the elements' values, row by row, for tests.
  public var array: [Float] {
    (0..<rows * columns).map { index in
      let bits = unsafe base[index / columns * stride + index % columns]
      return Float(bitPattern: UInt32(bits) << 16)
    }
  }
}

extension Vector {
  /// The memory of half as many floats, (rows · columns + 1)/2, as brain floats; nothing else uses it as floats.
  public func brainFloats(rows: Int, columns: Int) -> BFloat16Matrix {
    precondition(
      (rows * columns + 1) / 2 == count, "brain floats of another size than their memory")
    let base = unsafe UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt16.self)
    return unsafe BFloat16Matrix(base: base, rows: rows, columns: columns, stride: columns)
  }
}
