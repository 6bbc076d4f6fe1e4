/// What one forward pass reads: `sequences` rows of `length` tokens and, for every position, the token that follows and what its
/// loss counts.
public struct Batch: Sendable, Equatable {
  /// B, the number of sequences.
  public let sequences: Int

  /// T, the tokens in each sequence.
  public let length: Int

  /// (B, T) ids of the input tokens, row-major.
  public var tokens: [Int32]

  /// (B, T) ids of the tokens to predict; any valid id where `lossWeights` is 0.
  public var targets: [Int32]

  /// (B, T) weight of each position's loss: 1 for a real target, 0 for none.
  public var lossWeights: [Float]

  /// (B) the place of each sequence in the step's global batch: with seed and step it keys the dropout, whoever computes it.
  public var samples: [UInt32]

  /// A batch; arrays of other sizes are refused.
  public init(
    sequences: Int, length: Int, tokens: [Int32], targets: [Int32], lossWeights: [Float],
    samples: [UInt32]
  ) {
    precondition(sequences > 0 && length > 0, "an empty batch")
    precondition(
      tokens.count == sequences * length && targets.count == tokens.count
        && lossWeights.count == tokens.count && samples.count == sequences,
      "a batch whose arrays do not fit its shape")
    self.sequences = sequences
    self.length = length
    self.tokens = tokens
    self.targets = targets
    self.lossWeights = lossWeights
    self.samples = samples
  }

  /// The ids among the input tokens, ascending, each once.
  public var distinctTokens: [Int32] { Set(tokens).sorted() }

  /// The positions whose loss counts, for the divisor of the loss.
  public var targetCount: Double { lossWeights.reduce(0) { $0 + Double($1) } }
}
