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
  /// on. As many parts as fit are computed together, whatever their lengths.
  public func logProbabilities(_ sequences: [[Int32]]) -> [[Double]] {
    var result = sequences.map { [Double](repeating: 0, count: max(0, $0.count - 1)) }
    let windows = windows(of: sequences)
    for items in SharedRows.batches(windows.map(\.count), capacity: decoder.capacity) {
      let batch = items.map { windows[$0] }
      let losses = forward(batch, of: sequences)
      var row = 0
      for window in batch {
        for place in 0..<window.count {
          result[window.sequence][window.start + place] = -Double(losses[row + place])
        }
        row += window.count
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

  /// The parts of all sequences, in their order.
  private func windows(of sequences: [[Int32]]) -> [Window] {
    sequences.enumerated().flatMap { index, tokens in
      stride(from: 0, to: tokens.count - 1, by: config.context).map { start in
        Window(
          sequence: index, start: start, count: min(config.context, tokens.count - 1 - start))
      }
    }
  }

  /// The losses of the targets, one part after the other.
  package func forward(_ windows: [Window], of sequences: [[Int32]]) -> Vector {
    var (tokens, targets): ([Int32], [Int32]) = ([], [])
    for window in windows {
      let sequence = sequences[window.sequence]
      let (start, end) = (window.start, window.start + window.count)
      tokens += sequence[start..<end]
      targets += sequence[start + 1...end]
    }
    decoder.forward(
      Batch(
        lengths: windows.map(\.count), tokens: tokens, targets: targets,
        lossWeights: [Float](repeating: 1, count: tokens.count),
        samples: windows.indices.map { UInt32($0) }))
    return decoder.losses()
  }
}
