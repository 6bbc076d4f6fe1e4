/// Philox4x32-10, a counter-based generator: four random words are a pure function of a counter and
/// a key (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3").
public struct Philox: Sendable {
  private let key: (UInt32, UInt32)

  /// The generator of `seed`, whose low word is the key's first.
  public init(seed: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  }

  /// The four words of one counter.
  public func words(_ counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var (k0, k1) = key
    for _ in 0..<Philox.rounds {
      let p0 = c.x.multipliedFullWidth(by: Philox.multiplier0)
      let p1 = c.z.multipliedFullWidth(by: Philox.multiplier1)
      c = SIMD4(p1.high ^ c.y ^ k0, p1.low, p0.high ^ c.w ^ k1, p0.low)
      k0 &+= Philox.weyl0
      k1 &+= Philox.weyl1
    }
    return c
  }

  /// Words 0, 1, 2 and 3 of the 16 counters (first + lane, y, z, w), a counter a lane.
  ///
  /// Even and odd lanes are computed apart, each word in the low half of 64 bits (AVX2's widening
  /// product reads just these), and are laid into each other by one shift at the end.
  @inline(__always)
  func words16(
    first: UInt32, _ y: UInt32, _ z: UInt32, _ w: UInt32
  ) -> InlineArray<4, SIMD16<UInt32>> {
    let lane = Wide(0, 2, 4, 6, 8, 10, 12, 14) &+ UInt64(first)
    let even = rounds(lane, y, z, w)
    let odd = rounds(lane &+ 1, y, z, w)
    return [
      Philox.interleave(even.0, odd.0), Philox.interleave(even.1, odd.1),
      Philox.interleave(even.2, odd.2), Philox.interleave(even.3, odd.3),
    ]
  }

  private typealias Wide = SIMD8<UInt64>

  @inline(__always)
  private func rounds(
    _ x: Wide, _ y: UInt32, _ z: UInt32, _ w: UInt32
  ) -> (Wide, Wide, Wide, Wide) {
    var c = (x, Wide(repeating: UInt64(y)), Wide(repeating: UInt64(z)), Wide(repeating: UInt64(w)))
    var (k0, k1) = key
    for _ in 0..<Philox.rounds {
      let p0 = (c.0 & Philox.low) &* Wide(repeating: UInt64(Philox.multiplier0))
      let p1 = (c.2 & Philox.low) &* Wide(repeating: UInt64(Philox.multiplier1))
      c = ((p1 &>> 32) ^ c.1 ^ UInt64(k0), p1, (p0 &>> 32) ^ c.3 ^ UInt64(k1), p0)
      k0 &+= Philox.weyl0
      k1 &+= Philox.weyl1
    }
    return c
  }

  /// The low words of `even` in the even lanes, those of `odd` in the odd ones.
  @inline(__always)
  private static func interleave(_ even: Wide, _ odd: Wide) -> SIMD16<UInt32> {
    unsafe unsafeBitCast((even & low) | (odd &<< 32), to: SIMD16<UInt32>.self)
  }

  private static var low: UInt64 { 0xffff_ffff }
  private static var rounds: Int { 10 }
  private static var multiplier0: UInt32 { 0xd251_1f53 }
  private static var multiplier1: UInt32 { 0xcd9e_8d57 }
  /// The golden ratio and √3 − 1 in 32 bits: what the key grows by from round to round.
  private static var weyl0: UInt32 { 0x9e37_79b9 }
  private static var weyl1: UInt32 { 0xbb67_ae85 }
}
