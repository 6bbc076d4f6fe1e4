import Buffers

/// The place of a dropout in the network.
public enum DropoutPlace: UInt32, CaseIterable, Sendable {
  case embedding, attention, attentionOutput, mlpOutput, classifier
}

/// Inverted dropout (Srivastava et al. 2014) whose mask is a pure function of (seed, step, sample,
/// layer, place, element): recomputed in backward, never stored, and the same on any rank and
/// thread.
///
///     y = x ⊙ mask,   mask = 0 with probability p, else 1/(1 − p)
///
/// A random word serves two elements, so p is exact to 2⁻¹⁶. The elements of one sample at one place are numbered
/// e = 128 g + 32 w + 16 h + l. Element e is half h of word w, the low half first, of Philox's counter
/// (16 g + l, sample, 8 layer + place, step) under the key `seed`: 16 counters in 16 lanes give 128 elements in the order of memory. An
/// element is dropped when its half is below p·2¹⁶, rounded; what is kept is scaled by the share that is really kept.
public struct Dropout: Sendable {
  /// p, in [0, 1); 0 makes every function the identity.
  public let probability: Float
  /// The run's seed.
  public let seed: UInt64
  /// The step that the sequence belongs to.
  public let step: UInt32

  private let threshold: SIMD16<UInt32>
  private let keep: Lanes

  /// Elements that 16 counters serve.
  private static let groupSize = 128

  /// The dropout of one step; traps unless 0 ≤ probability < 1.
  public init(probability: Float, seed: UInt64, step: UInt32) {
    precondition(probability >= 0 && probability < 1, "dropout of \(probability)")
    self.probability = probability
    self.seed = seed
    self.step = step
    let dropped = min((probability * 0x1p16).rounded(), 0x1p16 - 1)
    threshold = SIMD16(repeating: UInt32(dropped))
    keep = Lanes(repeating: 0x1p16 / (0x1p16 - dropped))
  }

  /// No dropout.
  public static let none = Dropout(probability: 0, seed: 0, step: 0)

  /// y = x ⊙ mask; also its own backward, dx = dy ⊙ mask.
  ///
  /// - Parameters:
  ///   - x: elements firstElement, firstElement + 1, … of the sample
  ///   - sample: the number of the sequence in the global batch of the step
  ///   - firstElement: any; a multiple of 128 is fastest
  ///   - y: the size of x, overwritten; may be x
  public func apply(
    _ x: Vector, sample: UInt32, layer: Int, place: DropoutPlace, firstElement: Int,
    into y: Vector
  ) {
    precondition(y.count == x.count, "dropout: x has \(x.count) elements, y \(y.count)")
    if probability == 0 { return y.copy(from: x) }
    write(x, sample, layer, place, firstElement, into: y)
  }

  /// Overwrites `mask` with elements firstElement, … of the mask: 0 or 1/(1 − p), with p as it is rounded.
  public func mask(
    sample: UInt32, layer: Int, place: DropoutPlace, firstElement: Int, into mask: Vector
  ) {
    if probability == 0 { return mask.fill(1) }
    write(nil, sample, layer, place, firstElement, into: mask)
  }

  /// y = mask, or x ⊙ mask.
  private func write(
    _ x: Vector?, _ sample: UInt32, _ layer: Int, _ place: DropoutPlace, _ firstElement: Int,
    into y: Vector
  ) {
    let end = firstElement + y.count
    precondition(firstElement >= 0 && end <= 1 << 34, "dropout: elements \(firstElement)..<\(end)")
    precondition(layer >= 0 && layer < 1 << 29, "dropout: layer \(layer)")
    let philox = Philox(seed: seed)
    let site = UInt32(layer) * 8 + place.rawValue
    let size = Dropout.groupSize
    for group in stride(from: firstElement & ~(size - 1), to: end, by: size) {
      let words = philox.words16(first: UInt32(group / 8), sample, site, step)
      for word in 0..<4 {
        let start = group + 32 * word - firstElement
        write(words[word] & 0xffff, x, start, into: y)
        write(words[word] &>> 16, x, start + Lanes.width, into: y)
      }
    }
  }

  /// The elements from `index` on, as far as y has them, from one half of a word each.
  @inline(__always)
  private func write(_ halves: SIMD16<UInt32>, _ x: Vector?, _ index: Int, into y: Vector) {
    let mask = keep.replacing(with: 0, where: halves .< threshold)
    if index >= 0 && index + Lanes.width <= y.count {
      y.store(x.map { $0.load(at: index) * mask } ?? mask, at: index)
    } else {
      for lane in 0..<Lanes.width where index + lane >= 0 && index + lane < y.count {
        y[index + lane] = if let x { x[index + lane] * mask[lane] } else { mask[lane] }
      }
    }
  }
}
