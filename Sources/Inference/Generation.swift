import Kernels
import Model

/// Continues a text token by token.
public struct Generation {
  private let decoder: CachedDecoder
  private let vocabularySize: Int

  /// Creates a generator with the weights of a model.
  ///
  /// - Parameter vocabularySize: only ids below it are drawn, because a model may have more ids than its tokenizer
  public init(_ state: ModelState, vocabularySize: Int, threads: Int) {
    self.vocabularySize = vocabularySize
    decoder = CachedDecoder(
      state, team: ThreadTeam(size: threads))
  }

  /// Draws `count` tokens after `prompt` and passes each to `body`.
  ///
  /// Position embeddings are learned, so no position can exceed the context: when it is full, the newer half is read again and the rest is
  /// dropped.
  ///
  /// - Parameter prompt: at least one token; only the newest are used if it is longer than the context
  public func generate(
    after prompt: [Int32], count: Int, sampling: TokenSampling, _ body: (Int32) throws -> Void
  ) rethrows {
    let context = decoder.config.context
    var text = Array(prompt.suffix(context))
    decoder.reset()
    var logits = decoder.append(text)
    for place in 0..<max(0, count) {
      let token = sampling.token(logits[0..<vocabularySize], place: place)
      try body(token)
      text.append(token)
      if place + 1 == count { return }
      if decoder.length < context {
        logits = decoder.append([token])
      } else {
        text = Array(text.suffix(max(1, context / 2)))
        decoder.reset()
        logits = decoder.append(text)
      }
    }
  }
}
