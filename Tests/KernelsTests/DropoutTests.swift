import Buffers
import Kernels
import Testing

struct PhiloxTests {
  /// `kat_vectors` of Random123 1.14: counter, key, words.
  @Test(
    arguments: [
      (
        SIMD4<UInt32>(repeating: 0), UInt64(0),
        SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
      ),
      (
        SIMD4<UInt32>(repeating: .max), UInt64.max,
        SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
      ),
      (
        SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        UInt64(0x299f_31d0_a409_3822),
        SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
      ),
    ] as [(SIMD4<UInt32>, UInt64, SIMD4<UInt32>)])
  func knownAnswers(_ counter: SIMD4<UInt32>, _ seed: UInt64, _ words: SIMD4<UInt32>) {
    #expect(Philox(seed: seed).words(counter) == words)
  }
}

struct DropoutTests {
  let dropout = Dropout(probability: 0.1, seed: 0x0123_4567_89ab_cdef, step: 42)

  func mask(
    _ dropout: Dropout? = nil, count: Int = 1000, sample: UInt32 = 3, layer: Int = 5,
    place: DropoutPlace = .mlpOutput, from first: Int = 0
  ) -> [Float] {
    let result = FloatBuffer(count, filledWith: .nan)
    (dropout ?? self.dropout).mask(
      sample: sample, layer: layer, place: place, firstElement: first, into: result.vector)
    return result.vector.array
  }

  @Test func maskIsThePhiloxWordsInTheDocumentedOrder() {
    let philox = Philox(seed: dropout.seed)
    let first = 1_000_000_021
    let expected = (first..<first + 1000).map { element -> Float in
      let (group, word, lane) = (element / 128, element % 128 / 32, element % 16)
      let words = philox.words(SIMD4(UInt32(16 * group + lane), 3, 5 * 8 + 3, 42))
      let half = element % 32 < 16 ? words[word] & 0xffff : words[word] >> 16
      // 0.1 is 6,554 of 65,536.
      return half < 6_554 ? 0 : 65_536 / (65_536 - 6_554)
    }
    #expect(mask(from: first) == expected)
  }

  @Test(arguments: [0.1, 0.5] as [Float]) func keptShareHasItsMeanAndVariance(_ p: Float) {
    let count = 1 << 20
    let kept = mask(Dropout(probability: p, seed: 1, step: 1), count: count).map {
      $0 > 0 ? 1.0 : 0
    }
    let (q, p) = (1 - Double(p), Double(p))
    // Five standard deviations of a share of `count` draws.
    #expect(abs(kept.reduce(0, +) / Double(count) - q) < 5 * (p * q / Double(count)).squareRoot())
    // Kept in blocks of 64, in which pairs share words, and in every 64th element: spread of independent draws, within five of
    // its own deviations.
    for (step, length) in [(64, 1), (1, count / 64)] {
      let sums = (0..<count / 64).map { block in
        (0..<64).reduce(0) { $0 + kept[block * step + $1 * length] }
      }
      let variance =
        sums.reduce(0) { $0 + ($1 - 64 * q) * ($1 - 64 * q) } / Double(sums.count)
      #expect(abs(variance / (64 * p * q) - 1) < 5 * (2 / Double(sums.count)).squareRoot())
    }
  }

  @Test func rangesCutAnywhereGiveTheSameMask() {
    let whole = mask(count: 500, from: 7)
    for cuts in [[0, 1, 21, 42, 63, 64, 65, 300, 500], [0, 57, 121, 500]] {
      let parts = Swift.zip(cuts, cuts.dropFirst()).flatMap { mask(count: $1 - $0, from: 7 + $0) }
      #expect(parts == whole)
    }
  }

  @Test func everyPartOfTheKeyMatters() {
    let masks = [
      mask(), mask(sample: 4), mask(layer: 6), mask(place: .attention),
      mask(from: 1024),
      mask(Dropout(probability: 0.1, seed: dropout.seed, step: 43)),
      mask(Dropout(probability: 0.1, seed: dropout.seed ^ 1, step: 42)),
      mask(Dropout(probability: 0.1, seed: dropout.seed ^ 1 << 63, step: 42)),
    ]
    #expect(Set(masks).count == masks.count)
    #expect(mask() == masks[0])
  }

  @Test func applyingMultipliesByTheMaskInPlaceToo() {
    let x = Table(1, 333, seed: 1)
    let source = FloatBuffer(x)
    let result = FloatBuffer(333, filledWith: .nan)
    for target in [result.vector, source.vector] {
      dropout.apply(
        source.vector, sample: 3, layer: 5, place: .mlpOutput, firstElement: 21, into: target)
    }
    let expected = Swift.zip(x.values, mask(count: 333, from: 21)).map { Float($0) * $1 }
    #expect(result.vector.array == expected)
    #expect(source.vector.array == expected)
  }

  @Test func probabilityZeroIsTheIdentity() {
    let none = Dropout(probability: 0, seed: 1, step: 1)
    let x = FloatBuffer(Table(1, 33, seed: 1))
    let y = FloatBuffer(33)
    none.apply(x.vector, sample: 0, layer: 0, place: .embedding, firstElement: 0, into: y.vector)
    #expect(y.vector.array == x.vector.array)
    #expect(mask(none) == [Float](repeating: 1, count: 1000))
  }

  /// Kept elements are scaled by the share that is really kept, so the mean of the mask is 1, also for p close to 0 and to 1.
  @Test(arguments: [1e-6, 0.1, 0.3, 0.999_999] as [Float]) func theMaskIsExactForItsShare(
    _ p: Float
  ) {
    let dropped = min((p * 65_536).rounded(), 65_535)
    let values = Set(mask(Dropout(probability: p, seed: 1, step: 1), count: 1 << 18))
    #expect(values.isSubset(of: [0, 65_536 / (65_536 - dropped)]))
    #expect(values.contains(0) == (dropped > 0))
  }

  @Test func refusesWhatIsNoProbabilityAndAnotherSize() async {
    await #expect(processExitsWith: .failure) { _ = Dropout(probability: 1, seed: 0, step: 0) }
    await #expect(processExitsWith: .failure) { _ = Dropout(probability: -0.1, seed: 0, step: 0) }
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(8)
      Dropout(probability: 0.5, seed: 0, step: 0).apply(
        v.vector, sample: 0, layer: 0, place: .embedding, firstElement: 0, into: v[0..<7])
    }
  }
}
