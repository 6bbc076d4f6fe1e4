import Buffers
import Kernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The rule by which the next token is drawn from its logits.
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
  /// The vocabulary is never sorted: that would take as long as a good part of the weights' products.
  ///
  /// - Parameter logits: (V)
  public func token(_ logits: Vector, place: Int) -> Int32 {
    let values = logits.array
    let best = values.indices.min { isLikelier($0, $1, values) } ?? 0
    guard temperature > 0 else { return Int32(best) }
    var ids = Array(values.indices)
    if topK > 0 { ids = likeliest(topK, of: values) }
    let largest = Double(values[best])
    var weights = ids.map { exp((Double(values[$0]) - largest) / temperature) }
    if topP < 1 { (ids, weights) = nucleus(ids, weights, values) }
    // Logits that are not numbers select none.
    guard let last = ids.last else { return Int32(best) }

    let words = Philox(seed: seed).words(SIMD4(UInt32(truncatingIfNeeded: place), 0, 0, 1))
    var rest = (Double(words.x) + 0.5) / 4_294_967_296 * weights.reduce(0, +)
    for (id, weight) in zip(ids, weights) {
      rest -= weight
      if rest < 0 { return Int32(id) }
    }
    return Int32(last)
  }

  private func isLikelier(_ a: Int, _ b: Int, _ values: [Float]) -> Bool {
    values[a] == values[b] ? a < b : values[a] > values[b]
  }

  /// The ids of the `count` largest values, in the order of the ids.
  private func likeliest(_ count: Int, of values: [Float]) -> [Int] {
    guard count < values.count else { return Array(values.indices) }
    let least = TokenSampling.largest(count, of: values)
    var ties = count - values.count { $0 > least }
    return values.indices.filter { id in
      guard values[id] == least else { return values[id] > least }
      ties -= 1
      return ties >= 0
    }
  }

  /// The value that `rank` − 1 others are not below (Hoare 1961, algorithm 65).
  private static func largest(_ rank: Int, of values: [Float]) -> Float {
    var values = values
    var range = 0..<values.count
    while range.count > 1 {
      let pivot = values[range.lowerBound + range.count / 2]
      var (low, high) = (range.lowerBound, range.upperBound - 1)
      while low <= high {
        while values[low] > pivot { low += 1 }
        while values[high] < pivot { high -= 1 }
        guard low <= high else { break }
        values.swapAt(low, high)
        (low, high) = (low + 1, high - 1)
      }
      if rank - 1 <= high {
        range = range.lowerBound..<high + 1
      } else if rank - 1 >= low {
        range = low..<range.upperBound
      } else {
        break
      }
    }
    return values[rank - 1]
  }

  /// The fewest ids that together reach `topP`, with their weights, likeliest first.
  private func nucleus(
    _ ids: [Int], _ weights: [Double], _ values: [Float]
  ) -> ([Int], [Double]) {
    let total = weights.reduce(0, +)
    // All that weigh less than this share together stay below 1 − topP: the others reach topP without them.
    let least = (1 - topP) * total / Double(ids.count)
    let order = ids.indices.filter { weights[$0] >= least }
      .sorted { isLikelier(ids[$0], ids[$1], values) }
    var sum = 0.0
    let kept = order.prefix { index in
      defer { sum += weights[index] }
      return sum < topP * total
    }
    return (kept.map { ids[$0] }, kept.map { weights[$0] })
  }
}
