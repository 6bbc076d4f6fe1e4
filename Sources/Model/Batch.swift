/// The input of one forward pass: R rows, one for each token of B sequences of any lengths, one sequence after the other and without
/// padding; for every row the following token and the weight of its loss; in fine-tuning also the examples that the sequences belong to.
public struct Batch: Sendable, Equatable {
  /// (B + 1) the first row of each sequence, and R.
  public let starts: [Int]

  /// (R) ids of the input tokens.
  public var tokens: [Int32]

  /// (R) ids of the tokens to predict; any valid id where `lossWeights` is 0.
  public var targets: [Int32]

  /// (R) weight of each row's loss: 0 for none. For a real target it is 1 in pre-training; in fine-tuning λ over the sequences of the
  /// example and the real targets of the sequence.
  public var lossWeights: [Float]

  /// (B) the place of each sequence in the step's global batch: with seed and step it keys the dropout, whoever computes it.
  public var samples: [UInt32]

  /// Examples of a task, which have all the sequences between them in their order; empty in pre-training. The task's linear layer reads the
  /// final activation of a sequence's last token.
  public var examples: [BatchExample]

  /// (R) the position of each row in its sequence, and the sequence's number.
  let positions, sequenceOfRow: [Int32]

  /// A batch of sequences of `lengths` tokens; lengths below 1 and arrays of other sizes are refused.
  public init(
    lengths: [Int], tokens: [Int32], targets: [Int32], lossWeights: [Float], samples: [UInt32],
    examples: [BatchExample] = []
  ) {
    precondition(!lengths.isEmpty && lengths.allSatisfy { $0 > 0 }, "an empty batch")
    starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    precondition(
      tokens.count == starts[lengths.count] && targets.count == tokens.count
        && lossWeights.count == tokens.count && samples.count == lengths.count,
      "a batch whose arrays do not fit its shape")
    positions = lengths.flatMap { 0..<Int32($0) }
    sequenceOfRow = lengths.enumerated().flatMap { repeatElement(Int32($0), count: $1) }
    self.tokens = tokens
    self.targets = targets
    self.lossWeights = lossWeights
    self.samples = samples
    self.examples = examples
  }

  /// B, the number of sequences.
  public var sequences: Int { starts.count - 1 }

  /// R, the number of tokens.
  public var rows: Int { tokens.count }

  /// The rows of a sequence.
  public func rows(of sequence: Int) -> Range<Int> { starts[sequence]..<starts[sequence + 1] }

  /// The tokens of the longest sequence.
  public var longest: Int { (0..<sequences).map { rows(of: $0).count }.max() ?? 0 }

  /// The sequence of a row, and the row's position in it.
  public func place(ofRow row: Int) -> (sequence: Int, position: Int) {
    (Int(sequenceOfRow[row]), Int(positions[row]))
  }

  /// The ids among the input tokens, ascending, each once.
  public var distinctTokens: [Int32] { Set(tokens).sorted() }

  /// The positions whose loss counts, for the divisor of the loss.
  public var targetCount: Double { lossWeights.reduce(0) { $0 + Double($1) } }

  /// True if the loss of any position counts; if none does (λ = 0), backward skips the vocabulary.
  public var predictsTokens: Bool { lossWeights.contains { $0 != 0 } }

  /// A sentence that says why the examples do not fit a linear layer with `scores` outputs; nil if they fit.
  func exampleProblem(scores: Int) -> String? {
    guard !examples.isEmpty else { return nil }
    if scores == 0 { return "examples for a model without a task's linear layer" }
    var next = 0
    for example in examples {
      guard example.sequences.lowerBound == next, !example.sequences.isEmpty else {
        return "examples whose sequences do not follow each other"
      }
      next = example.sequences.upperBound
      if example.combination == .alternatives, scores != 1 {
        return "alternatives for a linear layer with \(scores) outputs"
      }
      let outputs = example.inputs * scores
      guard example.target.isEmpty || example.target.count == outputs else {
        return "\(example.target.count) probabilities for \(outputs) outputs"
      }
      guard example.target.isEmpty || abs(example.target.reduce(0, +) - 1) < 1e-3 else {
        return "probabilities that do not add up to 1"
      }
    }
    return next == sequences ? nil : "sequences without an example"
  }
}

/// One example of a task: some sequences of a batch, and what is to be predicted from them (Radford et al. 2018, §3.2–3.3).
public struct BatchExample: Sendable, Equatable {
  /// The ways in which the final activations of several sequences form one distribution.
  public enum Combination: Sendable, Equatable {
    /// They are added, and the linear layer makes N logits of the sum: one sequence for classification and entailment, two for
    /// similarity.
    case added
    /// The linear layer (N = 1) makes one logit of each, and the softmax is over the sequences.
    case alternatives
  }

  /// Its sequences, by their place in the batch.
  public var sequences: Range<Int>

  /// The way in which they form one distribution.
  public var combination: Combination

  /// The probabilities of the classes or alternatives that are to be learned, Σ = 1; empty where they are unknown: the loss is 0.
  public var target: [Float]

  /// The key of the dropout before the linear layer, which is the same for all its sequences.
  public var sample: UInt32

  /// An example.
  public init(
    sequences: Range<Int>, combination: Combination, target: [Float], sample: UInt32
  ) {
    self.sequences = sequences
    self.combination = combination
    self.target = target
    self.sample = sample
  }

  /// The number of vectors that the linear layer reads.
  var inputs: Int { combination == .added ? 1 : sequences.count }

  /// The sequences whose activations add up to one of them.
  func sequences(ofInput input: Int) -> Range<Int> {
    guard combination == .alternatives else { return sequences }
    let sequence = sequences.lowerBound + input
    return sequence..<sequence + 1
  }
}
