/// A window on `count` adjacent floats that somebody else owns.
///
/// Windows may be handed to several threads: the caller sees to it that what they write does not overlap.
@frozen @safe
public struct Vector: @unchecked Sendable {
  /// The first float. `unsafe` outside Buffers, Kernels and Dist is refused by TidyTests.
  public let base: UnsafeMutablePointer<Float>

  /// The number of floats.
  public let count: Int

  /// A window on memory that outlives it.
  @unsafe @inlinable
  public init(base: UnsafeMutablePointer<Float>, count: Int) {
    unsafe self.base = unsafe base
    self.count = count
  }

  /// The element at `index`, checked.
  @inlinable
  public subscript(index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "index out of the window")
      return unsafe base[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count, "index out of the window")
      unsafe base[index] = newValue
    }
  }

  /// The window on `range` of this one.
  @inlinable
  public subscript(range: Range<Int>) -> Vector {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range out of the window")
    return unsafe Vector(base: base + range.lowerBound, count: range.count)
  }

  /// The same floats as a row-major matrix.
  @inlinable
  public func matrix(rows: Int, columns: Int) -> Matrix {
    precondition(rows * columns == count, "a matrix of another size than its vector")
    return unsafe Matrix(base: base, rows: rows, columns: columns, stride: columns)
  }

  /// Sets every element.
  @inlinable
  public func fill(_ value: Float) {
    unsafe base.update(repeating: value, count: count)
  }

  /// Overwrites every element with `source`'s.
  @inlinable
  public func copy(from source: Vector) {
    precondition(source.count == count, "a copy between different sizes")
    unsafe base.update(from: source.base, count: count)
  }

  /// Overwrites every element with an array's.
  @inlinable
  public func copy(from source: [Float]) {
    precondition(source.count == count, "a copy between different sizes")
    for index in 0..<count { unsafe base[index] = source[index] }
  }

  /// A copy of the elements, for tests and files.
  @inlinable
  public var array: [Float] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }

  /// The bytes of the window, for hashing and writing, valid during `body`.
  @inlinable
  public func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe Span(_unsafeStart: UnsafePointer(base), count: count).bytes)
  }

  /// The bytes of the window, for reading from a file, valid during `body`.
  @inlinable
  public func withMutableBytes<Result, Failure: Error>(
    _ body: (inout MutableRawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var bytes = unsafe MutableRawSpan(
      _unsafeStart: base, byteCount: count * MemoryLayout<Float>.stride)
    return try body(&bytes)
  }
}
