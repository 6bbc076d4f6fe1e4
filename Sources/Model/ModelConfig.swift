/// The shape of a GPT-1 decoder. The defaults are the paper's (Radford et al. 2018, §4.1).
public struct ModelConfig: Sendable, Equatable, Codable {
  /// V, the number of token ids.
  public var vocabularySize = 40_478

  /// The longest sequence: the number of learned positions.
  public var context = 512

  /// C, the width of the residual stream.
  public var width = 768

  /// L, the number of blocks.
  public var layers = 12

  /// H, the attention heads of a block; they divide the width.
  public var heads = 12

  /// The probability with which dropout zeroes an element of the embeddings, attention probabilities and residual branches.
  public var dropout: Float = 0.1

  /// ε of the layer norms.
  public var layerNormEpsilon: Float = 1e-5

  /// The standard deviation of the initial weights.
  public var initialStandardDeviation: Float = 0.02

  /// N, the outputs of a task's linear layer; 0 for a plain language model.
  public var scores = 0

  /// The paper's model, to be changed field by field.
  public init() {}

  /// The width of the hidden layer of a block's MLP.
  public var innerWidth: Int { 4 * width }

  /// D, the width of a head.
  public var headWidth: Int { width / heads }

  /// A sentence that says why this shape is impossible; nil if it is possible.
  public var problem: String? {
    // Far beyond any GPT-1, and small enough that no product of sizes overflows.
    let sizes = [
      ("vocabulary size", vocabularySize, 1 << 24), ("context", context, 1 << 20),
      ("width", width, 1 << 16), ("number of layers", layers, 1 << 12),
      ("number of heads", heads, 1 << 16),
    ]
    for (name, size, limit) in sizes where size < 1 || size > limit {
      return "the model's \(name) is \(size); it must lie between 1 and \(limit)"
    }
    if !(0...4096 ~= scores) {
      return "the task's linear layer has \(scores) outputs; at most 4096 are possible, 0 for none"
    }
    if width % heads != 0 {
      return "the model's width \(width) is not a multiple of its \(heads) heads"
    }
    if !(0..<1 ~= dropout) { return "dropout is \(dropout); it must be at least 0 and below 1" }
    if dropout > 0, heads * context * context > 1 << 34 {
      // Dropout numbers the attention probabilities of a sequence in 2³⁴ elements of its generator.
      return
        "\(heads) heads of \(context) x \(context) probabilities are too many for dropout: choose "
        + "a shorter context, or dropout 0"
    }
    if !(layerNormEpsilon > 0) { return "the layer norms' epsilon must be above 0" }
    if !(0... ~= initialStandardDeviation) {
      return "the initial standard deviation must not be negative"
    }
    return nil
  }
}

extension ModelConfig {
  /// Reads what was written; `scores` may be missing, as it was not always there.
  public init(from decoder: any Swift.Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    vocabularySize = try fields.decode(Int.self, forKey: .vocabularySize)
    context = try fields.decode(Int.self, forKey: .context)
    width = try fields.decode(Int.self, forKey: .width)
    layers = try fields.decode(Int.self, forKey: .layers)
    heads = try fields.decode(Int.self, forKey: .heads)
    dropout = try fields.decode(Float.self, forKey: .dropout)
    layerNormEpsilon = try fields.decode(Float.self, forKey: .layerNormEpsilon)
    initialStandardDeviation = try fields.decode(Float.self, forKey: .initialStandardDeviation)
    scores = try fields.decodeIfPresent(Int.self, forKey: .scores) ?? 0
  }
}
