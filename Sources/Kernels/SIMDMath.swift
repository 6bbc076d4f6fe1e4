import Buffers

/// What one step of an inner loop works on: two AVX2 registers.
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

/// The steps 0..<16, 16..<32, … that make up `count` elements; the last may have fewer lanes.
///
///     for i in LaneSteps(x.count) { y[i] = x[i] * x[i] }
///
/// The last step computes in full lanes too, so the bits of an element do not depend on its place.
/// (A sequence, because Swift does not inline a large closure into the loop that calls it.)
struct LaneSteps: Sequence, IteratorProtocol {
  private var index = 0
  private let count: Int

  @inline(__always)
  init(_ count: Int) { self.count = count }

  @inline(__always)
  mutating func next() -> LaneStep? {
    guard index < count else { return nil }
    defer { index &+= Lanes.width }
    return LaneStep(index: index, lanes: Swift.min(count &- index, Lanes.width))
  }
}

/// `lanes` elements from `index` on.
struct LaneStep {
  let index: Int
  let lanes: Int

  @inline(__always)
  var bytes: Int { lanes &* MemoryLayout<Float>.stride }
}

extension Vector {
  /// The elements of a step, unchecked; lanes beyond its last are 0 when read and ignored when written.
  @inline(__always)
  subscript(step: LaneStep) -> Lanes {
    get { load(step, fill: 0) }
    nonmutating set {
      let first = unsafe UnsafeMutableRawPointer(base + step.index)
      if step.lanes == Lanes.width {
        unsafe first.storeBytes(of: newValue, as: Lanes.self)
      } else {
        unsafe withUnsafeBytes(of: newValue) { lanes in
          unsafe first.copyMemory(from: lanes.baseAddress!, byteCount: step.bytes)
        }
      }
    }
  }

  /// The elements of a step, unchecked; lanes beyond its last hold `fill`.
  @inline(__always)
  func load(_ step: LaneStep, fill: Float) -> Lanes {
    let first = unsafe UnsafeRawPointer(base + step.index)
    if step.lanes == Lanes.width { return unsafe first.loadUnaligned(as: Lanes.self) }
    var result = Lanes(repeating: fill)
    unsafe withUnsafeMutableBytes(of: &result) { lanes in
      unsafe lanes.baseAddress!.copyMemory(from: first, byteCount: step.bytes)
    }
    return result
  }
}

/// eˣ with a relative error of about 1e-7: 0 below −87.33 (no subnormals), +∞ above 88.37 = 127.5 ln 2, NaN for
/// NaN.
///
///     eˣ = 2ⁿ eʳ,   n = round(x / ln 2),   r = x − n ln 2 in [−½ ln 2, ½ ln 2]
///
/// The polynomial for eʳ and the two parts of ln 2 are those of Cephes' `expf` (Moshier 1992).
@inline(__always)
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
