import Buffers

/// A factor of matrix products: a matrix and, where products are in bf16, the memory of its rounding. Windows on one are windows on both.
public struct Factor: Sendable {
  /// The elements in fp32.
  public let values: Matrix
  /// The elements in bf16, as `round` last left them; nil where products are in fp32.
  public let rounded: BFloat16Matrix?

  /// - Parameter rounded: as many rows and columns
  public init(_ values: Matrix, rounded: BFloat16Matrix? = nil) {
    precondition(
      rounded.map { $0.rows == values.rows && $0.columns == values.columns } ?? true,
      "a rounding of another shape")
    self.values = values
    self.rounded = rounded
  }

  /// The number of rows.
  public var rows: Int { values.rows }

  /// The number of columns.
  public var columns: Int { values.columns }

  /// The window on some of the rows.
  public subscript(rows range: Range<Int>) -> Factor {
    Factor(values[rows: range], rounded: rounded?[rows: range])
  }

  /// The window on some of the columns.
  public subscript(columns range: Range<Int>) -> Factor {
    Factor(values[columns: range], rounded: rounded?[columns: range])
  }

  /// Rounds the values to bf16. Call it when they are final; it does nothing in fp32.
  public func round() {
    guard let rounded else { return }
    for row in 0..<rows { rounded.round(values[row: row], row: row) }
  }
}
