import Model

/// The source of the trainer's batches: numbered items, of which every step reads some.
///
/// An item is a sequence of T tokens in pre-training, and an example with all its sequences in fine-tuning.
package protocol BatchSource {
  /// The number of items.
  var count: Int { get }

  /// The largest number of tokens of an item.
  var tokensPerWindow: Int { get }

  /// The amount that an item adds to the divisor of the loss.
  var divisorPerWindow: Double { get }

  /// The items of a step in the order in which they are cut into micro-batches.
  func arranged(_ windows: [Int]) -> [Int]

  /// The number of tokens that `steps` read.
  func tokens(in steps: ClosedRange<Int>, of sampler: Sampler) -> Int

  /// The batch of the items `windows`, whose places in the global batch of the step are `samples`.
  func batch(windows: [Int], samples: [UInt32]) throws -> Batch
}

/// A source whose items are single sequences of equal length, in which every position counts.
package protocol WholeWindows: BatchSource {
  /// T, the tokens of a sequence.
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

/// Synthetic sequences for measurements without data: a hash of its position draws each token uniformly from the vocabulary.
package struct SyntheticWindows: WholeWindows {
  package let vocabularySize: Int
  package let length: Int
  package let seed: UInt64
  package let count = 1 << 20

  /// Sequences of `length` tokens, each with the token that follows it.
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
      lengths: windows.map { _ in length }, tokens: tokens, targets: targets,
      lossWeights: [Float](repeating: 1, count: tokens.count), samples: samples)
  }

  /// The token at `place`: SplitMix64 (Steele, Lea & Flood 2014) of the place.
  private func token(at place: Int) -> Int32 {
    var bits = seed &+ UInt64(place + 1) &* 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return Int32((bits ^ bits >> 31) % UInt64(vocabularySize))
  }
}
