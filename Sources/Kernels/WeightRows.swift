import Buffers

/// The rows of a matrix of weights, in fp32 or bf16, as a product reads them.
protocol WeightRows {
  associatedtype Row: WeightRow
  var rows: Int { get }
  var columns: Int { get }
  /// Row `index`, checked.
  subscript(row index: Int) -> Row { get }
}

/// One row of weights: floats, whatever they are stored as.
protocol WeightRow {
  /// The window on `range`, checked.
  subscript(range: Range<Int>) -> Self { get }
  /// The element at `index`, checked.
  subscript(index: Int) -> Float { get }
  /// The elements of a step, unchecked; lanes beyond its last are 0.
  subscript(step: LaneStep) -> Lanes { get }
  /// The 8 elements from `index` on, unchecked.
  func half(at index: Int) -> HalfLanes
}

/// Half a step: one AVX2 register.
typealias HalfLanes = SIMD8<Float>

extension Matrix: WeightRows {}

extension Vector: WeightRow {
  @inline(__always)
  func half(at index: Int) -> HalfLanes {
    unsafe UnsafeRawPointer(base + index).loadUnaligned(as: HalfLanes.self)
  }
}

extension BFloat16Matrix: WeightRows {
  @inline(__always)
  subscript(row index: Int) -> BFloat16Row {
    precondition(index >= 0 && index < rows, "row out of the window")
    return unsafe BFloat16Row(base: base + index * stride, count: columns)
  }
}

/// A row of brain floats. A shift makes floats of them in the registers: no instruction for bf16 is needed.
@safe
struct BFloat16Row: WeightRow {
  let base: UnsafePointer<UInt16>
  let count: Int

  @inline(__always)
  init(base: UnsafePointer<UInt16>, count: Int) {
    unsafe self.base = unsafe base
    self.count = count
  }

  @inline(__always)
  subscript(range: Range<Int>) -> BFloat16Row {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range out of the window")
    return unsafe BFloat16Row(base: base + range.lowerBound, count: range.count)
  }

  @inline(__always)
  subscript(index: Int) -> Float {
    precondition(index >= 0 && index < count, "index out of the window")
    return unsafe Float(bitPattern: UInt32(base[index]) << 16)
  }

  @inline(__always)
  subscript(step: LaneStep) -> Lanes {
    if step.lanes == Lanes.width {
      let bits = unsafe UnsafeRawPointer(base + step.index).loadUnaligned(as: SIMD16<UInt16>.self)
      return widened(bits)
    }
    var result = Lanes()
    for lane in 0..<step.lanes { result[lane] = self[step.index &+ lane] }
    return result
  }

  @inline(__always)
  func half(at index: Int) -> HalfLanes {
    let bits = unsafe UnsafeRawPointer(base + index).loadUnaligned(as: SIMD8<UInt16>.self)
    return widened(bits)
  }
}

/// Eight rows that are read at once, equally far apart.
struct EightRows<Row: WeightRow> {
  let w0, w1, w2, w3, w4, w5, w6, w7: Row

  /// - Parameters:
  ///   - first: the first of the rows
  ///   - apart: rows from each to the next
  ///   - columns: the window on them
  @inline(__always)
  init<Weight: WeightRows>(_ weight: Weight, _ first: Int, apart: Int, columns: Range<Int>)
  where Weight.Row == Row {
    w0 = weight[row: first][columns]
    w1 = weight[row: first + apart][columns]
    w2 = weight[row: first + 2 * apart][columns]
    w3 = weight[row: first + 3 * apart][columns]
    w4 = weight[row: first + 4 * apart][columns]
    w5 = weight[row: first + 5 * apart][columns]
    w6 = weight[row: first + 6 * apart][columns]
    w7 = weight[row: first + 7 * apart][columns]
  }
}
