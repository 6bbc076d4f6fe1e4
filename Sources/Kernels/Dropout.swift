import Buffers

/// Where in the network a dropout sits.
public enum DropoutPlace: UInt32, CaseIterable, Sendable {
  case embedding, attention, attentionOutput, mlpOutput, classifier
}

/// Inverted dropout (Srivastava et al. 2014) whose mask is a pure function of (seed, step, sample, layer, place,
/// element): recomputed in backward, never stored, and the same on any rank and thread.
///
///     y = x ⊙ mask,   mask = 0 with probability p, else 1/(1 − p)
///
/// The elements of one sample at one place are numbered e = 64 g + 16 w + l. Element e is word w of Philox's
/// counter (16 g + l, sample, 8 layer + place, step) under the key `seed`: 16 counters in 16 lanes give 64 elements
/// in the order of memory. An element is dropped when its word is below ⌊p·2³²⌋.
public struct Dropout: Sendable {
  /// p, in [0, 1); 0 makes every function the identity.
  public let probability: Float
  /// The run's seed.
  public let seed: UInt64
  /// The optimizer update that the sample belongs to.
  public let step: UInt32

  private let threshold: SIMD16<UInt32>
  private let keep: Lanes

  /// The dropout of one update; traps unless 0 ≤ probability < 1.
  public init(probability: Float, seed: UInt64, step: UInt32) {
    precondition(probability >= 0 && probability < 1, "dropout of \(probability)")
    self.probability = probability
    self.seed = seed
    self.step = step
    threshold = SIMD16(repeating: UInt32(probability * 0x1p32))
    keep = Lanes(repeating: 1 / (1 - probability))
  }

  /// No dropout.
  public static let none = Dropout(probability: 0, seed: 0, step: 0)

  /// y = x ⊙ mask; also its own backward, dx = dy ⊙ mask.
  ///
  /// - Parameters:
  ///   - x: elements firstElement, firstElement + 1, … of the sample
  ///   - sample: the number of the sequence in the global batch of the step
  ///   - firstElement: any; a multiple of 64 is fastest
  ///   - y: the size of x, overwritten; may be x
  public func apply(
    _ x: Vector, sample: UInt32, layer: Int, place: DropoutPlace, firstElement: Int,
    into y: Vector
  ) {
    precondition(y.count == x.count, "dropout: x has \(x.count) elements, y \(y.count)")
    if probability == 0 { return y.copy(from: x) }
    forEachMask(y.count, sample, layer, place, firstElement) { mask, index, lanes in
      if lanes.count == Lanes.width {
        y.store(x.load(at: index) * mask, at: index)
      } else {
        for lane in lanes {
          let index = index + lane - lanes.lowerBound
          unsafe y.base[index] = unsafe x.base[index] * mask[lane]
        }
      }
    }
  }

  /// Overwrites `mask` with elements firstElement, … of the mask: 0 or 1/(1 − p).
  public func mask(
    sample: UInt32, layer: Int, place: DropoutPlace, firstElement: Int, into mask: Vector
  ) {
    if probability == 0 { return mask.fill(1) }
    forEachMask(mask.count, sample, layer, place, firstElement) { value, index, lanes in
      if lanes.count == Lanes.width {
        mask.store(value, at: index)
      } else {
        for lane in lanes { unsafe mask.base[index + lane - lanes.lowerBound] = value[lane] }
      }
    }
  }

  /// Calls `body(mask, index, lanes)`: `lanes` of `mask` are for the elements from `index` on.
  @inline(__always)
  private func forEachMask(
    _ count: Int, _ sample: UInt32, _ layer: Int, _ place: DropoutPlace, _ firstElement: Int,
    _ body: (_ mask: Lanes, _ index: Int, _ lanes: Range<Int>) -> Void
  ) {
    let end = firstElement + count
    precondition(firstElement >= 0 && end <= 1 << 34, "dropout: elements \(firstElement)..<\(end)")
    precondition(layer >= 0 && layer < 1 << 29, "dropout: layer \(layer)")
    let philox = Philox(seed: seed)
    let site = UInt32(layer) * 8 + place.rawValue
    var group = firstElement & ~63
    while group < end {
      let words = philox.words16(first: UInt32(group / 4), sample, site, step)
      emit(words.0, group, firstElement..<end, body)
      emit(words.1, group + 16, firstElement..<end, body)
      emit(words.2, group + 32, firstElement..<end, body)
      emit(words.3, group + 48, firstElement..<end, body)
      group += 64
    }
  }

  /// The part of the 16 elements from `start` on that lies in `range`.
  @inline(__always)
  private func emit(
    _ words: SIMD16<UInt32>, _ start: Int, _ range: Range<Int>,
    _ body: (_ mask: Lanes, _ index: Int, _ lanes: Range<Int>) -> Void
  ) {
    let mask = keep.replacing(with: 0, where: words .< threshold)
    let lower = max(range.lowerBound - start, 0)
    let upper = min(range.upperBound - start, Lanes.width)
    if lower == 0 && upper == Lanes.width {
      body(mask, start - range.lowerBound, 0..<Lanes.width)
    } else if lower < upper {
      body(mask, start + lower - range.lowerBound, lower..<upper)
    }
  }
}
