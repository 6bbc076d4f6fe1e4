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

  /// Overwrites a row with `source`, rounded to the nearest and halfway cases to even; NaN stays NaN, infinity infinity.
  public func round(_ source: Vector, row: Int) {
    precondition(row >= 0 && row < rows && source.count == columns, "a row of another size")
    let target = unsafe base + row * stride
    forEachLane(of: columns) { index in
      unsafe store(bits(load(source.base + index)), at: target + index)
    } one: { index in
      unsafe target[index] = bits(SIMD16(repeating: source.base[index]))[0]
    }
  }

  /// Overwrites every element with the sum of it and `source`'s: added in fp32, rounded as in `round`.
  ///
  /// - Parameter source: the same shape, without gaps, as this one
  public func add(_ source: BFloat16Matrix) {
    precondition(
      source.rows == rows && source.columns == columns && stride == columns
        && source.stride == columns, "a sum of different shapes")
    let (a, b) = unsafe (source.base, base)
    forEachLane(of: rows * columns) { index in
      unsafe store(bits(widened(load(a + index)) + widened(load(b + index))), at: b + index)
    } one: { index in
      let sum = unsafe widened(SIMD16(repeating: a[index])) + widened(SIMD16(repeating: b[index]))
      unsafe b[index] = bits(sum)[0]
    }
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

/// Calls `body` for every sixteenth index below `count` as long as sixteen are left, then `one` for each that remains.
@inline(__always)
private func forEachLane(of count: Int, _ body: (Int) -> Void, one: (Int) -> Void) {
  var index = 0
  while index &+ 16 <= count {
    body(index)
    index &+= 16
  }
  while index < count {
    one(index)
    index &+= 1
  }
}

@inline(__always)
private func load(_ source: UnsafePointer<Float>) -> SIMD16<Float> {
  unsafe UnsafeRawPointer(source).loadUnaligned(as: SIMD16<Float>.self)
}

@inline(__always)
private func load(_ source: UnsafePointer<UInt16>) -> SIMD16<UInt16> {
  unsafe UnsafeRawPointer(source).loadUnaligned(as: SIMD16<UInt16>.self)
}

@inline(__always)
private func store(_ bits: SIMD16<UInt16>, at target: UnsafeMutablePointer<UInt16>) {
  unsafe UnsafeMutableRawPointer(target).storeBytes(of: bits, as: SIMD16<UInt16>.self)
}

/// The upper halves of floats, rounded.
@inline(__always)
private func bits(_ values: SIMD16<Float>) -> SIMD16<UInt16> {
  let bits = unsafe unsafeBitCast(values, to: SIMD16<UInt32>.self)
  let rounded = bits &+ 0x7fff &+ ((bits &>> 16) & 1)
  let quiet = bits | 0x0040_0000
  let isNumber = values .== values
  return SIMD16<UInt16>(
    truncatingIfNeeded: quiet.replacing(with: rounded, where: isNumber) &>> 16)
}

/// The floats whose upper halves these are.
///
/// Element by element, which becomes one instruction: for `SIMD8<UInt32>(truncatingIfNeeded: bits)`, Swift 6.3 calls a function in large
/// loops, and generation then takes twice as long.
@_transparent
public func widened(_ bits: SIMD8<UInt16>) -> SIMD8<Float> {
  let words = SIMD8<UInt32>(
    UInt32(bits[0]), UInt32(bits[1]), UInt32(bits[2]), UInt32(bits[3]), UInt32(bits[4]),
    UInt32(bits[5]), UInt32(bits[6]), UInt32(bits[7]))
  return unsafe unsafeBitCast(words &<< 16, to: SIMD8<Float>.self)
}

/// The floats whose upper halves these are.
@_transparent
public func widened(_ bits: SIMD16<UInt16>) -> SIMD16<Float> {
  SIMD16(lowHalf: widened(bits.lowHalf), highHalf: widened(bits.highHalf))
}
