import Buffers
import Kernels
import Model

/// Continues a text token by token: once, or several times side by side.
public struct Generation {
  private let decoder: CachedDecoder
  private let team: ThreadTeam
  private let vocabularySize: Int

  /// Creates a generator with the weights of a model.
  ///
  /// - Parameters:
  ///   - vocabularySize: only ids below it are drawn, because a model may have more ids than its tokenizer
  ///   - use: the number of continuations and the format of the weights
  public init(
    _ state: ModelState, vocabularySize: Int, threads: Int,
    use: CachedDecoder.Use = CachedDecoder.Use()
  ) {
    self.vocabularySize = vocabularySize
    team = ThreadTeam(size: threads)
    decoder = CachedDecoder(state, team: team, use: use)
  }

  /// Draws `count` tokens for each sample after the same `prompt`, and passes a token of each sample at a time to `body`.
  ///
  /// Sample k draws with the seed plus k, and its tokens are the same as those of a single sample with that seed.
  ///
  /// Position embeddings are learned, so no position can exceed the context: when it is full, the newer half is read again and the rest is
  /// dropped.
  ///
  /// - Parameter prompt: at least one token; only the newest are used if it is longer than the context
  public func generate(
    after prompt: [Int32], count: Int, sampling: TokenSampling, _ body: ([Int32]) throws -> Void
  ) rethrows {
    let context = decoder.config.context
    let samples = decoder.use.samples
    let start = Array(prompt.suffix(context))
    var texts = [[Int32]](repeating: start, count: samples)
    decoder.reset()
    decoder.append(start)
    decoder.repeatFirst()
    for place in 0..<max(0, count) {
      let logits = decoder.logits
      let tokens = team.map(samples) { sample, _ in
        sampling.sample(sample).token(logits[row: sample][0..<vocabularySize], place: place)
      }
      try body(tokens)
      if place + 1 == count { return }
      for sample in 0..<samples { texts[sample].append(tokens[sample]) }
      if decoder.lengths[0] < context {
        decoder.append(each: tokens)
        continue
      }
      for sample in 0..<samples {
        texts[sample] = Array(texts[sample].suffix(max(1, context / 2)))
        decoder.reset(sample)
        decoder.append(texts[sample], to: sample)
      }
    }
  }
}

extension TokenSampling {
  /// The rule of sample number `index`: the same with the seed plus `index`, so that each sample can be drawn alone.
  public func sample(_ index: Int) -> TokenSampling {
    var result = self
    result.seed &+= UInt64(index)
    return result
  }
}
