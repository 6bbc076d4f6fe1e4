/// A 64-bit hash for choices that must be the same on every machine: the output function of SplitMix64 (Steele, Lea & Flood 2014).
enum KeyedHash {
  /// Returns a value that depends on every bit of `key` and of `value`.
  static func mix(_ value: UInt64, key: UInt64) -> UInt64 {
    finish(finish(key &+ 0x9E37_79B9_7F4A_7C15) ^ value)
  }

  private static func finish(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
