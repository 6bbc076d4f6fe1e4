/// Which windows each step reads: every window once an epoch, in an order that differs from epoch to epoch, a pure function of
/// (seed, step). It knows nothing of ranks: they cut the step's global batch among themselves.
///
/// The order of an epoch is a keyed permutation of 0 ..< windows that costs O(1) a window and no memory: a balanced Feistel network
/// (Luby & Rackoff 1988) on the smallest 4ʰ ≥ windows, walked along its cycle until it lands inside (Black & Rogaway 2002).
public struct Sampler: Sendable, Equatable {
  /// The windows of the split.
  public let windows: Int

  /// The sequences of the global batch.
  public let sequencesPerStep: Int

  /// The key of all orders.
  public let seed: UInt64

  /// Places of all epochs together, behind which there is nothing: the last step has what is left; nil for no end.
  public let total: Int?

  /// A sampler; all counts are at least 1.
  public init(windows: Int, sequencesPerStep: Int, seed: UInt64, total: Int? = nil) {
    precondition(windows > 0 && sequencesPerStep > 0 && total != 0, "nothing to sample")
    self.total = total
    self.windows = windows
    self.sequencesPerStep = sequencesPerStep
    self.seed = seed
  }

  /// The global batch of `step`, which counts from 1 as the optimizer's updates do: places (step − 1)·sequencesPerStep on of all
  /// epochs one after another, without a gap between them, as far as there are some.
  public func windows(step: Int) -> [Int] { places(step: step).map(window) }

  /// The places of the global batch of `step`; none behind the end.
  public func places(step: Int) -> Range<Int> {
    precondition(step >= 1, "steps count from 1")
    let first = (step - 1) * sequencesPerStep
    let end = min(first + sequencesPerStep, total ?? .max)
    return min(first, end)..<end
  }

  /// The window at `place`, from 0, of all epochs one after another.
  public func window(at place: Int) -> Int { window(at: place % windows, epoch: place / windows) }

  /// The window that stands at `place` in the order of `epoch`, which counts from 0.
  func window(at place: Int, epoch: Int) -> Int {
    let bits = UInt64(Int.bitWidth - (windows - 1).leadingZeroBitCount)
    let half = max(1, (bits + 1) / 2)
    let key = KeyedHash.mix(UInt64(epoch), key: seed)
    var value = UInt64(place)
    repeat { value = permute(value, half: half, key: key) } while value >= UInt64(windows)
    return Int(value)
  }

  /// Eight rounds: more than proofs ask for, since halves of one or two bits mix slowly.
  private func permute(_ value: UInt64, half: UInt64, key: UInt64) -> UInt64 {
    let mask: UInt64 = (1 << half) - 1
    var (left, right) = (value >> half, value & mask)
    for round in 0..<8 as Range<UInt64> {
      // The top bits: the low ones of neighbouring inputs are as good, but these need no argument.
      let mixed = KeyedHash.mix(right << 8 | round, key: key) >> (64 - half)
      (left, right) = (right, left ^ mixed)
    }
    return left << half | right
  }
}
