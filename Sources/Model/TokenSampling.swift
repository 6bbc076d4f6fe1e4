import Buffers
import Kernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How the next token is drawn from its logits.
public struct TokenSampling: Sendable, Equatable {
  /// Divides the logits; 0 takes the likeliest token.
  public var temperature: Double = 1

  /// Only the k likeliest tokens are drawn; 0 for all.
  public var topK = 0

  /// Only the likeliest tokens that together reach this probability are drawn (Holtzman et al. 2019); 1 for all.
  public var topP: Double = 1

  /// With the place of the token it determines the draw.
  public var seed: UInt64 = 0

  /// Plain sampling.
  public init() {}

  /// The token at `place` of the generated text; the lower id wins a tie.
  ///
  /// - Parameter logits: (V)
  public func token(_ logits: Vector, place: Int) -> Int32 {
    let values = logits.array
    func isLikelier(_ a: Int, _ b: Int) -> Bool {
      values[a] == values[b] ? a < b : values[a] > values[b]
    }
    guard temperature > 0 else { return Int32(values.indices.min(by: isLikelier) ?? 0) }
    var order = values.indices.sorted(by: isLikelier)
    if topK > 0 { order.removeLast(max(0, order.count - topK)) }
    let largest = Double(values[order[0]])
    var weights = order.map { exp((Double(values[$0]) - largest) / temperature) }
    if topP < 1 {
      let wanted = topP * weights.reduce(0, +)
      var sum = 0.0
      let kept = weights.prefix { weight in
        defer { sum += weight }
        return sum < wanted
      }
      weights = Array(kept)
    }
    let words = Philox(seed: seed).words(SIMD4(UInt32(truncatingIfNeeded: place), 0, 0, 1))
    var rest = (Double(words.x) + 0.5) / 4_294_967_296 * weights.reduce(0, +)
    for (index, weight) in weights.enumerated() {
      rest -= weight
      if rest < 0 { return Int32(order[index]) }
    }
    return Int32(order[weights.count - 1])
  }
}
