import Buffers

/// A matrix and, where products are in bf16, the memory of its rounding; windows on one are windows on both.
public struct RoundedMatrix: Factor, Sendable {
  /// The elements in fp32.
  public let values: Matrix
  /// The elements in bf16, as `round` last left them.
  public let rounded: BFloat16Matrix?

  /// - Parameter rounded: as many rows and columns
  public init(_ values: Matrix, rounded: BFloat16Matrix?) {
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
  public subscript(rows range: Range<Int>) -> RoundedMatrix {
    RoundedMatrix(values[rows: range], rounded: rounded?[rows: range])
  }

  /// The window on some of the columns.
  public subscript(columns range: Range<Int>) -> RoundedMatrix {
    RoundedMatrix(values[columns: range], rounded: rounded?[columns: range])
  }

  /// Converts the values, once they are what they shall be; nothing where products are in fp32.
  public func round() {
    guard let rounded else { return }
    for row in 0..<rows {
      let source = values[row: row]
      let target = unsafe rounded.base + row * rounded.stride
      var index = 0
      while index &+ Lanes.width <= source.count {
        unsafe UnsafeMutableRawPointer(target + index).storeBytes(
          of: Self.bits(source.load(at: index)), as: SIMD16<UInt16>.self)
        index &+= Lanes.width
      }
      while index < source.count {
        unsafe target[index] = Self.bits(Lanes(repeating: source[index]))[0]
        index &+= 1
      }
    }
  }

  /// The upper halves of floats, rounded to the nearest and halfway cases to even; NaN stays NaN.
  @inline(__always)
  private static func bits(_ values: Lanes) -> SIMD16<UInt16> {
    let bits = unsafe unsafeBitCast(values, to: SIMD16<UInt32>.self)
    let rounded = bits &+ 0x7fff &+ ((bits &>> 16) & 1)
    let quiet = (bits | 0x0040_0000)
    let isNumber = values .== values
    return SIMD16<UInt16>(
      truncatingIfNeeded: quiet.replacing(with: rounded, where: isNumber) &>> 16)
  }
}
