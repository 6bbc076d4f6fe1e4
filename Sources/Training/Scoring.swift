import Buffers
import Kernels
import Model

/// Log-probabilities of given tokens.
public struct Scoring {
  private let decoder: Decoder
  private let config: ModelConfig

  /// The tokens that go forward at once, where the context is not longer.
  private static let tokensAtOnce = 2_048

  /// A scorer with a model's weights.
  public init(_ state: ModelState, threads: Int) {
    config = state.config
    decoder = Decoder(
      state, team: ThreadTeam(size: threads),
      capacity: max(config.context, Scoring.tokensAtOnce), training: false)
  }

  /// log P(token | those before it), in nats, of every token of a sequence but its first.
  ///
  /// A sequence longer than the context is read in windows end to end: window i predicts tokens i·T + 1 … (i + 1)·T from tokens
  /// i·T on.
  public func logProbabilities(_ sequence: [Int32]) -> [Double] {
    let predicted = max(0, sequence.count - 1)
    let starts = Array(stride(from: 0, to: predicted, by: config.context))
    let rows = max(1, decoder.capacity / config.context)
    var result: [Double] = []
    for first in stride(from: 0, to: starts.count, by: rows) {
      result += forward(sequence, starts[first..<min(first + rows, starts.count)])
    }
    return result
  }

  /// The windows at `starts`, padded to the longest.
  private func forward(_ sequence: [Int32], _ starts: ArraySlice<Int>) -> [Double] {
    let counts = starts.map { min(config.context, sequence.count - 1 - $0) }
    let length = counts[0]
    var (tokens, targets, weights): ([Int32], [Int32], [Float]) = ([], [], [])
    for (start, count) in zip(starts, counts) {
      let padding = length - count
      tokens += sequence[start..<start + count] + repeatElement(0, count: padding)
      targets += sequence[start + 1..<start + 1 + count] + repeatElement(0, count: padding)
      weights += Array(repeating: 1, count: count) + repeatElement(0, count: padding)
    }
    let batch = Batch(
      sequences: starts.count, length: length, tokens: tokens, targets: targets,
      lossWeights: weights, samples: starts.indices.map { UInt32($0) })
    decoder.forward(batch)
    let losses = decoder.losses()
    return (0..<losses.count).filter { batch.lossWeights[$0] > 0 }.map { -Double(losses[$0]) }
  }
}
