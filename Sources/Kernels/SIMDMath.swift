import Buffers

/// The vector of one step of an inner loop: two AVX2 registers.
///
/// Not used here because Swift 6.3 makes scalar loops of them: `.rounded()`, `.clamped(…)`,
/// `SIMD16<Int32>(floats)`, `.sum()`.
typealias Lanes = SIMD16<Float>

extension Lanes {
  /// Lanes in a step.
  static var width: Int { 16 }

  /// The sum of all lanes, halves added to each other: ((l₀+l₈)+(l₄+l₁₂))+…, always in this order.
  @inline(__always)
  var total: Float {
    let eight = lowHalf + highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }
}

/// `lanes` elements from `index` on.
struct LaneStep {
  let index: Int
  let lanes: Int
}

/// Calls `body` for 0..<16, 16..<32, … and last for what remains of `count`.
///
/// The last step computes in full lanes too, so the bits of an element do not depend on its place.
/// `body` is a local function marked `@inline(__always)`: Swift does not inline a large closure
/// that is called in two places, and with one call for both kinds of step the loop's registers live
/// in memory.
@inline(__always)
func forEachStep(of count: Int, _ body: (LaneStep) -> Void) {
  var index = 0
  while index &+ Lanes.width <= count {
    body(LaneStep(index: index, lanes: Lanes.width))
    index &+= Lanes.width
  }
  if index < count { body(LaneStep(index: index, lanes: count &- index)) }
}

extension Vector {
  /// The 16 elements from `index` on, unchecked.
  @inline(__always)
  func load(at index: Int) -> Lanes {
    unsafe UnsafeRawPointer(base + index).loadUnaligned(as: Lanes.self)
  }

  /// Overwrites the 16 elements from `index` on, unchecked.
  @inline(__always)
  func store(_ value: Lanes, at index: Int) {
    unsafe UnsafeMutableRawPointer(base + index).storeBytes(of: value, as: Lanes.self)
  }

  /// The elements of a step, unchecked; lanes beyond its last hold `fill`.
  @inline(__always)
  func load(_ step: LaneStep, fill: Float) -> Lanes {
    if step.lanes == Lanes.width { return load(at: step.index) }
    var result = Lanes(repeating: fill)
    for lane in 0..<step.lanes { result[lane] = unsafe base[step.index &+ lane] }
    return result
  }

  /// The elements of a step, unchecked; lanes beyond its last are 0 when read and ignored when
  /// written.
  @inline(__always)
  subscript(step: LaneStep) -> Lanes {
    get { load(step, fill: 0) }
    nonmutating set {
      if step.lanes == Lanes.width { return store(newValue, at: step.index) }
      for lane in 0..<step.lanes { unsafe base[step.index &+ lane] = newValue[lane] }
    }
  }
}

/// eˣ with a relative error of about 1e-7: 0 below −87.33 (no subnormals), +∞ above 88.37 = 127.5
/// ln 2, NaN for NaN.
///
///     eˣ = 2ⁿ eʳ,   n = round(x / ln 2),   r = x − n ln 2 in [−½ ln 2, ½ ln 2]
///
/// The polynomial for eʳ and the two parts of ln 2 are those of Cephes' `expf` (Moshier 1992).
/// Transparent, because `@inline(__always)` is not always obeyed in large loops.
@_transparent
func exp(_ x: Lanes) -> Lanes {
  // Adding 1.5·2²³ leaves the rounded integer in the low bits of the significand.
  let magic = Lanes(repeating: 12_582_912)
  let shifted = magic.addingProduct(x, Lanes(repeating: 1.442_695_04))
  let n = shifted - magic
  let r = x.addingProduct(n, Lanes(repeating: -0.693_359_375))
    .addingProduct(n, Lanes(repeating: 2.121_944_4e-4))
  var p = Lanes(repeating: 1.987_569_1e-4)
  p = Lanes(repeating: 1.398_199_9e-3).addingProduct(p, r)
  p = Lanes(repeating: 8.333_452e-3).addingProduct(p, r)
  p = Lanes(repeating: 4.166_579_6e-2).addingProduct(p, r)
  p = Lanes(repeating: 1.666_666_5e-1).addingProduct(p, r)
  p = Lanes(repeating: 0.5).addingProduct(p, r)
  p = (r + 1).addingProduct(p, r * r)
  let bits = unsafe unsafeBitCast(shifted, to: SIMD16<UInt32>.self)
  let powerOfTwo = unsafe unsafeBitCast((bits &<< 23) &+ (127 << 23), to: Lanes.self)
  return (p * powerOfTwo)
    .replacing(with: 0, where: x .< -87.33)
    .replacing(with: .infinity, where: x .> 88.37)
}
