import Buffers
import Console
import Data
import Dist
import Inference
import Kernels
import Model
import Preflight

/// Measures how fast a model generates and scores text, and the bounds of both, all in every round.
///
/// A new token reads every weight once, so generation is compared with a pure read of as many bytes by the same threads. Scoring, which is
/// in fp32 whatever generation reads, is compared with the forward pass of training on the same tokens.
public struct GenerationBenchmark {
  /// The results; rates and ratios are medians over the rounds.
  public struct Result: Sendable, Encodable {
    /// Floats of the model.
    public let parameters: Int
    /// The format of the weights that generation reads.
    public let precision: WeightPrecision
    /// Bytes of weights that all samples together read per token of each.
    public let weightBytes: Int
    /// Threads that read and compute.
    public let threads: Int
    /// The number of rounds, of which each figure is the median.
    public let rounds: Int
    /// Sequences that are generated side by side.
    public let samples: Int
    /// Tokens of each sample that are generated per round, one after the other.
    public let tokensGenerated: Int
    /// Generated tokens per second, of all samples together.
    public let tokensPerSecond: Double
    /// Weights read by generation, in 10⁹ bytes per second.
    public let gigabytesPerSecond: Double
    /// Weights read by sums over them, in 10⁹ bytes per second: the faster of one and of eight streams per thread.
    public let readGigabytesPerSecond: Double
    /// Generation's share of `readGigabytesPerSecond`: the median of the rounds' shares.
    public let shareOfReadBandwidth: Double
    /// Tokens of a prompt read per second.
    public let promptTokensPerSecond: Double
    /// Tokens scored per round.
    public let tokensScored: Int
    /// Tokens scored per second, in full batches.
    public let scoringTokensPerSecond: Double
    /// Tokens per second of training's forward pass and loss, in batches of the same size.
    public let trainingForwardTokensPerSecond: Double
    /// The speed of scoring relative to training's forward pass: the median of the rounds' ratios.
    public let scoringShareOfTrainingForward: Double
  }

  private let state: ModelState
  private let use: CachedDecoder.Use
  private let team: ThreadTeam
  private let clock: any Clock<Duration>

  /// - Parameters:
  ///   - model: the shape of the model, which gets random weights
  ///   - threads: the threads that read and compute
  ///   - generation: the number of samples and the format of the weights that generation reads
  ///   - clock: the clock that measures
  public init(
    _ model: ModelConfig, threads: Int, generation: CachedDecoder.Use = CachedDecoder.Use(),
    clock: any Clock<Duration> = ContinuousClock()
  ) throws {
    var need = MemoryCheck.scoring(model, threads: threads)
    let use = DecoderUse(capacity: max(model.context, Scoring.tokensAtOnce), training: true)
    need.floats +=
      (CachedDecoder.count(model, threads: threads, use: generation)
        + Decoder.activationCount(model, use, threads: threads)) * MemoryLayout<Float>.stride
    try MemoryCheck.require(
      need, remedy: generation.samples > 1 ? "give fewer --samples, or " : "")
    self.use = generation
    team = ThreadTeam(size: threads)
    state = ModelState(model, training: false)
    state.table.initialize(state.weights, config: model, seed: 1, team: team)
    self.clock = clock
  }

  /// Measures everything once to warm up, and then in `rounds` rounds.
  ///
  /// - Parameter tokens: the tokens to generate per round; at most half the context is generated
  public func run(rounds: Int, tokens: Int) -> Result {
    precondition(rounds > 0 && tokens > 0, "nothing to measure")
    let config = state.config
    let tokens = min(tokens, max(1, config.context / 2))
    let prompt = self.tokens(max(1, config.context / 2))
    let text = self.tokens(max(config.context, Scoring.tokensAtOnce) + 1)
    let cached = CachedDecoder(state, team: team, use: use)
    let scoring = Scoring(state, team: team)
    let training = TrainingForward(state, team: team)
    var all: [Round] = []
    for round in 0...rounds {
      cached.reset()
      let prefill = seconds { cached.append(prompt) }
      cached.repeatFirst()
      let (token, read) = generate(prompt.prefix(tokens), by: cached)
      let scored = seconds { _ = scoring.logProbabilities(text) }
      let forward = seconds { training.run(text) }
      guard round > 0 else { continue }
      all.append(
        Round(
          read: read, token: token, promptToken: prefill / Double(prompt.count),
          scored: scored / Double(text.count - 1), forward: forward / Double(text.count - 1)))
    }
    return result(all, tokens: tokens, scored: text.count - 1)
  }

  /// Seconds of one pass over the weights, and seconds per token of everything else.
  private struct Round {
    let read, token, promptToken, scored, forward: Double
  }

  private func result(_ rounds: [Round], tokens: Int, scored: Int) -> Result {
    let bytes = weightBytes
    let gigabytes = Double(bytes) / 1e9
    func middle(_ value: (Round) -> Double) -> Double { median(rounds.map(value)) }
    return Result(
      parameters: state.table.count, precision: use.precision, weightBytes: bytes,
      threads: team.size, rounds: rounds.count, samples: use.samples, tokensGenerated: tokens,
      tokensPerSecond: middle { Double(use.samples) / $0.token },
      gigabytesPerSecond: middle { gigabytes / $0.token },
      readGigabytesPerSecond: middle { gigabytes / $0.read },
      shareOfReadBandwidth: middle { $0.read / $0.token },
      promptTokensPerSecond: middle { 1 / $0.promptToken }, tokensScored: scored,
      scoringTokensPerSecond: middle { 1 / $0.scored },
      trainingForwardTokensPerSecond: middle { 1 / $0.forward },
      scoringShareOfTrainingForward: middle { $0.forward / $0.scored })
  }

  private var weightBytes: Int {
    let bytes = state.table.count * MemoryLayout<Float>.stride
    return use.precision == .bf16 ? bytes / 2 : bytes
  }

  /// Median seconds of a token of every sample, and of a read of the weights before each token, so that disturbances of the machine
  /// affect both.
  private func generate(
    _ text: ArraySlice<Int32>, by cached: CachedDecoder
  ) -> (token: Double, read: Double) {
    var (tokens, inOne, inEight): ([Double], [Double], [Double]) = ([], [], [])
    for id in text {
      inOne.append(seconds { readWeights(StreamingRead.sum) })
      inEight.append(seconds { readWeights(StreamingRead.sumOfEightStreams) })
      let each = [Int32](repeating: id, count: use.samples)
      tokens.append(seconds { cached.append(each: each) })
    }
    return (median(tokens), min(median(inOne), median(inEight)))
  }

  private func readWeights(_ sum: (Vector) -> Float) {
    let count = weightBytes / MemoryLayout<Float>.stride
    team.rows(count, height: 1 << 18) { range, _ in _ = sum(state.weights[range]) }
  }

  /// Token ids that run through the vocabulary in steps of a number that shares no factor with most vocabulary sizes.
  private func tokens(_ count: Int) -> [Int32] {
    (0..<count).map { Int32($0 * 7_919 % state.config.vocabularySize) }
  }

  private func seconds(_ body: () -> Void) -> Double { clock.seconds(body) }
}

/// The forward pass and the losses of training, with dropout.
private struct TrainingForward {
  let config: ModelConfig
  let decoder: Decoder

  init(_ state: ModelState, team: ThreadTeam) {
    config = state.config
    decoder = Decoder(
      state, team: team, capacity: max(config.context, Scoring.tokensAtOnce), training: true)
  }

  func run(_ text: [Int32]) {
    let sequences = decoder.capacity / config.context
    let count = sequences * config.context
    let dropout = Dropout(probability: config.dropout, seed: 1, step: 1)
    for start in stride(from: 0, to: text.count - count, by: count) {
      decoder.forward(
        Batch(
          lengths: [Int](repeating: config.context, count: sequences),
          tokens: Array(text[start..<start + count]),
          targets: Array(text[start + 1...start + count]),
          lossWeights: [Float](repeating: 1, count: count),
          samples: (0..<UInt32(sequences)).map { $0 }), dropout: dropout)
      _ = decoder.losses()
    }
  }
}

extension GenerationBenchmark.Result: CustomStringConvertible {
  /// The results in a few lines.
  public var description: String {
    """
    \(grouped(parameters)) parameters, \(threads) thread\(threads == 1 ? "" : "s"); medians of \(rounds) rounds
    generation      \(format(tokensPerSecond, 1)) tokens/s of \(samples == 1 ? "one sequence" : "\(samples) sequences") in \(precision.rawValue), \(format(gigabytesPerSecond, 1)) GB/s of weights
    weights, read   \(format(readGigabytesPerSecond, 1)) GB/s; generation reaches \(format(shareOfReadBandwidth, 3)) of it
    prompt          \(format(promptTokensPerSecond, 1)) tokens/s
    scoring         \(format(scoringTokensPerSecond, 1)) tokens/s
    training        \(format(trainingForwardTokensPerSecond, 1)) tokens/s forward; scoring is \
    \(format(scoringShareOfTrainingForward, 3)) times as fast
    """
  }
}
