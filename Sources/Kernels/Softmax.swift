import Buffers

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Rows of scores whose length is a multiple of 16; what lies behind the last real score holds `Softmax.masked`.
public enum Softmax {
  /// A score that no exponential survives: small enough to vanish, finite so that no NaN comes of it.
  public static let masked: Float = -1e30

  /// The row length that holds `count` scores: the next multiple of 16.
  public static func paddedCount(_ count: Int) -> Int { (count + 15) & ~15 }

  /// Overwrites scores s with m ⊙ exp(s − max s), which divided by Σ exp(s − max s) are the probabilities under the mask m.
  ///
  /// - Parameters:
  ///   - row: (padded count), overwritten
  ///   - mask: (padded count) m; nil for ones
  /// - Returns: Σ exp(s − max s), without the mask, and log Σ exp(s)
  public static func exponentiate(_ row: Vector, mask: Vector?) -> (sum: Float, logSumExp: Float) {
    let maximum = maximum(row)
    guard let mask else {
      let sum = exponentiate(row, minus: maximum)
      return (sum, maximum + log(sum))
    }
    var lanes = Lanes.zero
    for index in stride(from: 0, to: row.count, by: 16) {
      let value = exp(row.load(at: index) - maximum)
      lanes += value
      row.store(value * mask.load(at: index), at: index)
    }
    let sum = lanes.total
    return (sum, maximum + log(sum))
  }

  /// The largest score of the row; NaN where one is NaN may be lost here and shows in the exponentials.
  static func maximum(_ row: Vector) -> Float {
    precondition(row.count % 16 == 0 && row.count > 0, "a row that is not padded to 16")
    var lanes = row.load(at: 0)
    for index in stride(from: 16, to: row.count, by: 16) {
      let scores = row.load(at: index)
      lanes.replace(with: scores, where: scores .> lanes)
    }
    return lanes.max()
  }

  /// Overwrites s with exp(s − shift) and returns the sum, added lane by lane.
  static func exponentiate(_ row: Vector, minus shift: Float) -> Float {
    var sum = Lanes.zero
    for index in stride(from: 0, to: row.count, by: 16) {
      let value = exp(row.load(at: index) - shift)
      sum += value
      row.store(value, at: index)
    }
    return sum.total
  }
}
