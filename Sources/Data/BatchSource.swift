import Model

/// Where the trainer's batches come from: windows by number, of which a step takes some.
///
/// In pre-training a window is T tokens of the corpus; in fine-tuning it is an example with all its sequences.
package protocol BatchSource {
  /// The windows that there are.
  var count: Int { get }

  /// The most tokens of a window, with what pads it.
  var tokensPerWindow: Int { get }

  /// What a window adds to the divisor of the loss.
  var divisorPerWindow: Double { get }

  /// A step's windows in the order in which micro-batches are cut from them.
  func arranged(_ windows: [Int]) -> [Int]

  /// The tokens that steps read, without what pads them.
  func tokens(in steps: ClosedRange<Int>, of sampler: Sampler) -> Int

  /// The batch of `windows`, whose places in the step's global batch are `samples`.
  func batch(windows: [Int], samples: [UInt32]) throws -> Batch
}

/// Windows of one sequence each, all of one length, in which every position counts.
package protocol WholeWindows: BatchSource {
  /// T
  var length: Int { get }
}

extension WholeWindows {
  package var tokensPerWindow: Int { length }
  package var divisorPerWindow: Double { Double(length) }
  package func arranged(_ windows: [Int]) -> [Int] { windows }
  package func tokens(in steps: ClosedRange<Int>, of sampler: Sampler) -> Int {
    steps.count * sampler.sequencesPerStep * length
  }
}

extension Windows: WholeWindows {}

/// Windows of tokens that a hash of their place draws from the whole vocabulary, each as likely as any other: for measurements
/// without data.
package struct SyntheticWindows: WholeWindows {
  package let vocabularySize: Int
  package let length: Int
  package let seed: UInt64
  package let count = 1 << 20

  /// Windows of `length` tokens, and the one after each.
  package init(vocabularySize: Int, length: Int, seed: UInt64) {
    (self.vocabularySize, self.length, self.seed) = (vocabularySize, length, seed)
  }

  package func batch(windows: [Int], samples: [UInt32]) -> Batch {
    var (tokens, targets): ([Int32], [Int32]) = ([], [])
    for window in windows {
      let ids = (0...length).map { token(at: window * length + $0) }
      tokens += ids.dropLast()
      targets += ids.dropFirst()
    }
    return Batch(
      sequences: windows.count, length: length, tokens: tokens, targets: targets,
      lossWeights: [Float](repeating: 1, count: tokens.count), samples: samples)
  }

  /// SplitMix64 (Steele, Lea & Flood 2014) of the place.
  private func token(at place: Int) -> Int32 {
    var bits = seed &+ UInt64(place + 1) &* 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return Int32((bits ^ bits >> 31) % UInt64(vocabularySize))
  }
}
