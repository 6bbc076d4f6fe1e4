import Buffers
import Foundation
import TestSupport
import Testing

/// A row-major matrix of Doubles, for references in plain loops.
struct Table: Equatable, Sendable {
  let rows: Int
  let columns: Int
  var values: [Double]

  init(_ rows: Int, _ columns: Int, _ value: (_ row: Int, _ column: Int) -> Double = { _, _ in 0 })
  {
    self.rows = rows
    self.columns = columns
    values = []
    for row in 0..<rows { for column in 0..<columns { values.append(value(row, column)) } }
  }

  /// Numbers in [−scale, scale) that are exact in Float, so that the kernel reads what the
  /// reference reads.
  init(_ rows: Int, _ columns: Int, seed: UInt64, scale: Double = 1) {
    var generator = SeededGenerator(seed: seed)
    self.init(rows, columns) { _, _ in
      Double(Float(scale * (Double(generator.next() >> 11) * 0x1p-52 - 1)))
    }
  }

  init(_ matrix: Matrix) {
    self.init(matrix.rows, matrix.columns) { Double(matrix[row: $0][$1]) }
  }

  init(_ vector: Vector) { self.init(vector.matrix(rows: 1, columns: vector.count)) }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  var count: Int { values.count }
  var transposed: Table { Table(columns, rows) { self[$1, $0] } }

  static func * (a: Table, b: Table) -> Table {
    Table(a.rows, b.columns) { i, j in (0..<a.columns).reduce(0) { $0 + a[i, $1] * b[$1, j] } }
  }

  func map(_ transform: (Double) -> Double) -> Table {
    var result = self
    result.values = values.map(transform)
    return result
  }

  func zip(_ other: Table, _ combine: (Double, Double) -> Double) -> Table {
    precondition(rows == other.rows && columns == other.columns)
    var result = self
    for index in values.indices {
      result.values[index] = combine(values[index], other.values[index])
    }
    return result
  }

  func dot(_ other: Table) -> Double { zip(other, *).values.reduce(0, +) }
}

extension FloatBuffer {
  init(_ table: Table) {
    self.init(table.count)
    vector.copy(from: table.values.map(Float.init))
  }

  init(_ count: Int, filledWith value: Float) {
    self.init(count)
    vector.fill(value)
  }
}

/// Shapes that find what multiples of 16 hide: one row, odd sizes, a tail, and GPT-1's width.
struct Shape: Sendable, CustomTestStringConvertible {
  let rows: Int
  let columns: Int
  var testDescription: String { "(\(rows), \(columns))" }

  static let all = [
    Shape(rows: 1, columns: 4), Shape(rows: 3, columns: 5), Shape(rows: 7, columns: 33),
    Shape(rows: 2, columns: 768),
  ]
}

/// |a − b| over the larger of |a| and |b|; infinite where one is not a number.
func relativeError(_ a: Table, _ b: Table) -> Double {
  let norm = max(a.dot(a), b.dot(b)).squareRoot()
  let difference = a.zip(b, -)
  let error = difference.dot(difference).squareRoot()
  if error == 0 { return 0 }
  return (error / norm).isNaN ? .infinity : error / norm
}

/// A few roundings of Float (6e-8 each) in sums of up to some hundred terms.
let floatTolerance = 2e-6

func expectClose(
  _ actual: Table, _ expected: Table, tolerance: Double = floatTolerance,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(relativeError(actual, expected) < tolerance, sourceLocation: sourceLocation)
}

/// Contents of gradient buffers before a kernel adds to them.
let before: Float = 7

/// Expects `actual` to be `before` plus `expected`; the sum's own rounding is half a unit of 8
/// (5e-7) an element.
func expectAdded(
  _ actual: Table, _ expected: Table, tolerance: Double = 5e-6,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectClose(
    actual.map { $0 - Double(before) }, expected, tolerance: tolerance,
    sourceLocation: sourceLocation)
}

/// Expects `gradient` at `x` to be that of `function`, along a random direction: central
/// differences in Float64.
func expectGradient(
  _ gradient: Table, of function: (Table) -> Double, at x: Table,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let direction = Table(x.rows, x.columns, seed: 0xd1_4ec7)
  let h = 1e-5
  let slope =
    (function(x.zip(direction) { $0 + h * $1 }) - function(x.zip(direction) { $0 - h * $1 }))
    / (2 * h)
  let expected = gradient.dot(direction)
  // Truncation is of order h², rounding of order 1e-16/h.
  #expect(
    abs(slope - expected) < 1e-7 * max(abs(slope), abs(expected)), sourceLocation: sourceLocation)
}
