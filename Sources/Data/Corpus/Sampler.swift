/// The items that each step reads: every item once per epoch, in an order that differs between epochs, as a pure function of (seed, step).
/// An item is a sequence in pre-training and an example in fine-tuning. The sampler does not know ranks: they divide the global batch.
///
/// The order of an epoch is a keyed permutation of 0 ..< windows that needs O(1) time per item and no memory: a balanced Feistel network
/// (Luby & Rackoff 1988) on the smallest 4ʰ ≥ windows, repeated until the value is below windows (Black & Rogaway 2002).
public struct Sampler: Sendable, Equatable {
  /// The number of items of the split.
  public let windows: Int

  /// The number of items in the global batch.
  public let sequencesPerStep: Int

  /// The key of the orders of all epochs.
  public let seed: UInt64

  /// The number of places in all epochs together; the last step reads the remaining ones. Nil for no end.
  public let total: Int?

  /// Creates a sampler; all counts are at least 1.
  public init(windows: Int, sequencesPerStep: Int, seed: UInt64, total: Int? = nil) {
    precondition(windows > 0 && sequencesPerStep > 0 && total != 0, "nothing to sample")
    self.total = total
    self.windows = windows
    self.sequencesPerStep = sequencesPerStep
    self.seed = seed
  }

  /// The items in the global batch of `step`.
  public func windows(step: Int) -> [Int] { places(step: step).map(window) }

  /// The places of the global batch of `step`, which counts from 1: the next sequencesPerStep places from (step − 1)·sequencesPerStep on.
  /// Epochs follow each other without a gap. Empty after the end.
  public func places(step: Int) -> Range<Int> {
    precondition(step >= 1, "steps count from 1")
    let first = (step - 1) * sequencesPerStep
    let end = min(first + sequencesPerStep, total ?? .max)
    return min(first, end)..<end
  }

  /// The item at `place`, counted from 0 over all epochs.
  public func window(at place: Int) -> Int { window(at: place % windows, epoch: place / windows) }

  /// The item at `place` in the order of `epoch`, which counts from 0.
  func window(at place: Int, epoch: Int) -> Int {
    let bits = UInt64(Int.bitWidth - (windows - 1).leadingZeroBitCount)
    let half = max(1, (bits + 1) / 2)
    let key = KeyedHash.mix(UInt64(epoch), key: seed)
    var value = UInt64(place)
    repeat { value = permute(value, half: half, key: key) } while value >= UInt64(windows)
    return Int(value)
  }

  /// Eight rounds are more than the proofs require, because halves of one or two bits mix slowly.
  private func permute(_ value: UInt64, half: UInt64, key: UInt64) -> UInt64 {
    let mask: UInt64 = (1 << half) - 1
    var (left, right) = (value >> half, value & mask)
    for round in 0..<8 as Range<UInt64> {
      // The top bits: the low bits are as good for neighbouring inputs, but that would need an argument.
      let mixed = KeyedHash.mix(right << 8 | round, key: key) >> (64 - half)
      (left, right) = (right, left ^ mixed)
    }
    return left << half | right
  }
}
