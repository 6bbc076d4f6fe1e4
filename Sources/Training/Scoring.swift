import Buffers
import Kernels
import Model

/// Log-probabilities of given tokens.
public struct Scoring {
  private let decoder: Decoder
  private let config: ModelConfig

  /// The tokens that go forward at once, where the context is not longer.
  private static let tokensAtOnce = 2_048

  /// A scorer with a model's weights, which outlive it.
  public init(_ state: ModelState, threads: Int) {
    config = state.config
    decoder = Decoder(
      config, weights: state.weights, team: ThreadTeam(size: threads),
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
    func padded(_ from: Int) -> [Int32] {
      zip(starts, counts).flatMap { start, count in
        sequence[start + from..<start + from + count]
          + [Int32](repeating: 0, count: length - count)
      }
    }
    let batch = Batch(
      sequences: starts.count, length: length, tokens: padded(0), targets: padded(1),
      lossWeights: counts.flatMap { count in
        (0..<length).map { $0 < count ? 1 : 0 }
      },
      samples: starts.indices.map { UInt32($0) })
    decoder.forward(batch)
    let losses = decoder.losses()
    return (0..<losses.count).filter { batch.lossWeights[$0] > 0 }.map { -Double(losses[$0]) }
  }
}
