import Buffers
import Kernels
import Preflight
import Model

/// Computes log-probabilities of given tokens.
public struct Scoring {
  private let decoder: Decoder
  private let config: ModelConfig

  /// The number of tokens per forward pass, unless the context is longer.
  package static let tokensAtOnce = MemoryCheck.tokensAtOnce

  /// Creates a scorer with the weights of a model.
  public init(_ state: ModelState, threads: Int) {
    self.init(state, team: ThreadTeam(size: threads))
  }

  package init(_ state: ModelState, team: ThreadTeam) {
    config = state.config
    decoder = Decoder(
      state, team: team,
      capacity: max(config.context, Scoring.tokensAtOnce), training: false)
  }

  /// log P(token | those before it), in nats, of every token of each sequence except its first.
  ///
  /// A sequence longer than the context is read in consecutive parts: part i predicts tokens i·T + 1 … (i + 1)·T from the tokens from i·T
  /// on. The parts of all sequences are computed together, those of similar length in one batch.
  public func logProbabilities(_ sequences: [[Int32]]) -> [[Double]] {
    var result = sequences.map { [Double](repeating: 0, count: max(0, $0.count - 1)) }
    var rest = windows(of: sequences)[...]
    while let longest = rest.first?.count {
      let batch = rest.prefix(decoder.capacity / longest)
      rest = rest.dropFirst(batch.count)
      let losses = forward(Array(batch), of: sequences)
      for (row, window) in batch.enumerated() {
        for place in 0..<window.count {
          result[window.sequence][window.start + place] = -Double(losses[row * longest + place])
        }
      }
    }
    return result
  }

  /// The log-probabilities of one sequence.
  public func logProbabilities(_ sequence: [Int32]) -> [Double] {
    logProbabilities([sequence])[0]
  }

  /// A part of a sequence: `count` tokens from `start` on, each of which predicts the next one.
  package struct Window {
    let sequence: Int
    let start: Int
    package let count: Int
  }

  /// The parts of all sequences, longest first.
  private func windows(of sequences: [[Int32]]) -> [Window] {
    let all = sequences.enumerated().flatMap { index, tokens in
      stride(from: 0, to: tokens.count - 1, by: config.context).map { start in
        Window(
          sequence: index, start: start, count: min(config.context, tokens.count - 1 - start))
      }
    }
    return all.sorted { ($0.count, $1.sequence, $1.start) > ($1.count, $0.sequence, $0.start) }
  }

  /// The losses of the targets, each part padded to the length of the first.
  package func forward(_ windows: [Window], of sequences: [[Int32]]) -> Vector {
    let length = windows[0].count
    var (tokens, targets, weights): ([Int32], [Int32], [Float]) = ([], [], [])
    for window in windows {
      let sequence = sequences[window.sequence]
      let (start, end) = (window.start, window.start + window.count)
      let padding = length - window.count
      tokens += sequence[start..<end] + repeatElement(0, count: padding)
      targets += sequence[start + 1...end] + repeatElement(0, count: padding)
      weights += Array(repeating: 1, count: window.count) + repeatElement(0, count: padding)
    }
    decoder.forward(
      Batch(
        sequences: windows.count, length: length, tokens: tokens, targets: targets,
        lossWeights: weights, samples: windows.indices.map { UInt32($0) }))
    return decoder.losses()
  }
}
