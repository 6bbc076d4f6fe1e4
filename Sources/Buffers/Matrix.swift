/// A row-major window of `rows` x `columns` floats; row r begins at `base + r * stride`.
///
/// A stride larger than the number of columns makes windows on columns: the queries in a (rows, 3C) projection, say.
@frozen @safe
public struct Matrix: @unchecked Sendable {
  /// The first float. `unsafe` outside Buffers, Kernels and Dist is refused by TidyTests.
  public let base: UnsafeMutablePointer<Float>

  /// The number of rows.
  public let rows: Int

  /// The number of columns.
  public let columns: Int

  /// Floats from the beginning of a row to that of the next.
  public let stride: Int

  /// A window on memory that outlives it.
  @unsafe @inlinable
  public init(base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int) {
    unsafe self.base = unsafe base
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// Row `index`.
  @inlinable
  public subscript(row index: Int) -> Vector {
    precondition(index >= 0 && index < rows, "row out of the window")
    return unsafe Vector(base: base + index * stride, count: columns)
  }

  /// The window on some of the rows.
  @inlinable
  public subscript(rows range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows out of the window")
    return unsafe Matrix(
      base: base + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
  }

  /// The window on some of the columns.
  @inlinable
  public subscript(columns range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns out of the window")
    return unsafe Matrix(
      base: base + range.lowerBound, rows: rows, columns: range.count, stride: stride)
  }

  /// True if the rows follow each other without gaps.
  @inlinable
  public var isContiguous: Bool { stride == columns || rows <= 1 }

  /// All elements in one window; the rows must follow each other without gaps.
  @inlinable
  public var vector: Vector {
    precondition(isContiguous, "the rows have gaps between them")
    return unsafe Vector(base: base, count: rows * columns)
  }

  /// Sets every element.
  @inlinable
  public func fill(_ value: Float) {
    for row in 0..<rows { self[row: row].fill(value) }
  }
}
