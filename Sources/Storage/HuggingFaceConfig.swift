import Console
import Files
import Tokenization

/// The `config.json` of a Hugging Face `openai-gpt` model. Missing fields have the defaults of `transformers` (`OpenAIGPTConfig`, which are
/// the numbers of the paper); other fields are ignored.
public struct HuggingFaceConfig: Codable, Sendable, Equatable {
  /// V, `vocab_size`.
  public var vocabularySize = 40_478

  /// The longest context, `n_positions`.
  public var positions = 512

  /// C, `n_embd`.
  public var width = 768

  /// L, `n_layer`.
  public var layers = 12

  /// H, `n_head`.
  public var heads = 12

  /// The probability of dropout on the outputs of both projections back to the residual, `resid_pdrop`.
  public var residualDropout = 0.1

  /// The probability of dropout on the embedding sum, `embd_pdrop`.
  public var embeddingDropout = 0.1

  /// The probability of dropout on the attention probabilities, `attn_pdrop`.
  public var attentionDropout = 0.1

  /// ε of the layer norms, `layer_norm_epsilon`.
  public var layerNormEpsilon = 1e-5

  /// The standard deviation of the initial weights, `initializer_range`.
  public var initializerRange = 0.02

  /// The class from which the weights were saved.
  public var architectures = ["OpenAIGPTLMHeadModel"]

  /// The number of outputs of a sequence classifier's linear layer, `num_labels`. Files of other models may have it as well.
  public var labels: Int?

  /// The names of these outputs by their numbers from 0: `id2label`, or the inverse of `label2id`.
  public var labelNames: [String: String]?

  /// The token that pads sequences, `pad_token_id`: a classifier of `transformers` reads the last token that is different.
  public var paddingToken: Int32?

  /// The meaning of the outputs, `problem_type`.
  public var problemType: String?

  /// The task that the model was fine-tuned for, `gpt1_dist`; nil for a language model.
  public var fineTuning: FineTunedTask?

  /// A configuration with the defaults.
  public init() {}

  /// Reads the configuration in the file at `path`; throws an InputError if this program cannot compute the model.
  public init(path: String) throws(InputError) {
    self = try JSONFile.read(
      HuggingFaceConfig.self, from: path, choices: FineTunedTask.choices)
    if let reason = fault { throw InputError(reason, path: path) }
  }

  /// Writes all fields to `path` and syncs the file.
  @discardableResult
  public func write(to path: String) throws(InputError) -> FileDigest {
    try JSONFile.write(self, to: path)
  }

  /// A sentence about the first impossible number, or nil.
  private var fault: String? {
    // The upper bounds are far beyond any GPT-1 and keep the products of sizes within an Int.
    let counts = [
      ("vocab_size", vocabularySize, 1 << 24), ("n_positions", positions, 1 << 20),
      ("n_embd", width, 1 << 16), ("n_layer", layers, 1 << 12), ("n_head", heads, 1 << 16),
    ]
    for (name, value, limit) in counts where value < 1 || value > limit {
      return "\(name) is \(value); a number from 1 to \(limit) is expected"
    }
    guard width % heads == 0 else {
      return "n_embd \(width) is not a multiple of n_head \(heads)"
    }
    let dropouts = [
      ("resid_pdrop", residualDropout), ("embd_pdrop", embeddingDropout),
      ("attn_pdrop", attentionDropout),
    ]
    for (name, value) in dropouts where !(value >= 0 && value < 1) {
      return "\(name) is \(value); a probability of at least 0 and below 1 is expected"
    }
    guard layerNormEpsilon > 0 else {
      return "layer_norm_epsilon is \(layerNormEpsilon); a positive number is expected"
    }
    guard initializerRange >= 0 else {
      return "initializer_range is \(initializerRange); a number of at least 0 is expected"
    }
    return nil
  }
}

extension HuggingFaceConfig {
  enum CodingKeys: String, CodingKey {
    case modelType = "model_type"
    case activation = "afn"
    case architectures
    case attentionDropout = "attn_pdrop"
    case dtype
    case torchDtype = "torch_dtype"
    case embeddingDropout = "embd_pdrop"
    case initializerRange = "initializer_range"
    case layerNormEpsilon = "layer_norm_epsilon"
    case width = "n_embd"
    case fineTuning = "gpt1_dist"
    case heads = "n_head"
    case labelNames = "id2label"
    case labelNumbers = "label2id"
    case layers = "n_layer"
    case positions = "n_positions"
    case labels = "num_labels"
    case paddingToken = "pad_token_id"
    case problemType = "problem_type"
    case residualDropout = "resid_pdrop"
    case tiesEmbeddings = "tie_word_embeddings"
    case vocabularySize = "vocab_size"
  }

  /// The fields that must have these values if they are given, because no other arithmetic is implemented. `gelu` is openai-gpt's name for
  /// the tanh form.
  private static let fixed: [(key: CodingKeys, value: String)] = [
    (.modelType, "openai-gpt"), (.activation, "gelu"),
  ]

  /// Reads the fields that are present.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    for (key, value) in HuggingFaceConfig.fixed {
      let found = try fields.decodeIfPresent(String.self, forKey: key) ?? value
      guard found == value else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: fields, debugDescription: "\"\(found)\", only \"\(value)\" is supported")
      }
    }
    guard try fields.decodeIfPresent(Bool.self, forKey: .tiesEmbeddings) ?? true else {
      throw DecodingError.dataCorruptedError(
        forKey: .tiesEmbeddings, in: fields,
        debugDescription: "only true is supported: GPT-1 uses its token embedding as output layer")
    }
    func read<Value: Decodable>(_ key: CodingKeys, into value: inout Value) throws {
      value = try fields.decodeIfPresent(Value.self, forKey: key) ?? value
    }
    self.init()
    try read(.vocabularySize, into: &vocabularySize)
    try read(.positions, into: &positions)
    try read(.width, into: &width)
    try read(.layers, into: &layers)
    try read(.heads, into: &heads)
    try read(.residualDropout, into: &residualDropout)
    try read(.embeddingDropout, into: &embeddingDropout)
    try read(.attentionDropout, into: &attentionDropout)
    try read(.layerNormEpsilon, into: &layerNormEpsilon)
    try read(.initializerRange, into: &initializerRange)
    try read(.architectures, into: &architectures)
    labels = try fields.decodeIfPresent(Int.self, forKey: .labels)
    labelNames = try HuggingFaceConfig.labelNames(fields)
    if let labels, let names = labelNames, names.count != labels {
      throw DecodingError.dataCorruptedError(
        forKey: .labels, in: fields,
        debugDescription:
          "it is \(labels), but \(fields.contains(.labelNames) ? "id2label" : "label2id") names "
          + "\(counted(names.count, "label")); correct the wrong one")
    }
    paddingToken = try fields.decodeIfPresent(Int32.self, forKey: .paddingToken)
    problemType = try fields.decodeIfPresent(String.self, forKey: .problemType)
    fineTuning = try fields.decodeIfPresent(FineTunedTask.self, forKey: .fineTuning)
  }

  /// The labels by number: `id2label`, or the inverse of `label2id` if it is missing. If both are given, they must agree.
  private static func labelNames(
    _ fields: KeyedDecodingContainer<CodingKeys>
  ) throws -> [String: String]? {
    func contradiction(_ sentence: String) -> DecodingError {
      .dataCorruptedError(forKey: .labelNumbers, in: fields, debugDescription: sentence)
    }
    let names = try fields.decodeIfPresent([String: String].self, forKey: .labelNames)
    guard let numbers = try fields.decodeIfPresent([String: Int].self, forKey: .labelNumbers) else {
      return names
    }
    let sorted = numbers.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
    for (one, other) in zip(sorted, sorted.dropFirst()) where one.value == other.value {
      throw contradiction(
        "it gives \(one.key.reported()) and \(other.key.reported()) the same number \(one.value)")
    }
    guard let names else {
      return Dictionary(uniqueKeysWithValues: sorted.map { (String($0.value), $0.key) })
    }
    for (name, number) in sorted where names[String(number)] != name {
      let other = names[String(number)].map { "the number \(number) is \($0.reported())" }
      throw contradiction(
        "it gives \(name.reported()) the number \(number), but by id2label "
          + "\(other ?? "there is no number \(number)"): correct the wrong one")
    }
    if let lost = names.sorted(by: { $0.key < $1.key }).first(where: { numbers[$0.value] == nil }) {
      throw contradiction(
        "it does not have \(lost.value.reported()), which by id2label is the number \(lost.key): "
          + "correct the wrong one")
    }
    return names
  }

  /// Writes every field that has a value.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    for (key, value) in HuggingFaceConfig.fixed { try fields.encode(value, forKey: key) }
    try fields.encode(true, forKey: .tiesEmbeddings)
    // transformers 5 reads `dtype`, earlier versions `torch_dtype`.
    try fields.encode("float32", forKey: .dtype)
    try fields.encode("float32", forKey: .torchDtype)
    try fields.encode(vocabularySize, forKey: .vocabularySize)
    try fields.encode(positions, forKey: .positions)
    try fields.encode(width, forKey: .width)
    try fields.encode(layers, forKey: .layers)
    try fields.encode(heads, forKey: .heads)
    try fields.encode(residualDropout, forKey: .residualDropout)
    try fields.encode(embeddingDropout, forKey: .embeddingDropout)
    try fields.encode(attentionDropout, forKey: .attentionDropout)
    try fields.encode(layerNormEpsilon, forKey: .layerNormEpsilon)
    try fields.encode(initializerRange, forKey: .initializerRange)
    try fields.encode(architectures, forKey: .architectures)
    try fields.encodeIfPresent(labels, forKey: .labels)
    try fields.encodeIfPresent(labelNames, forKey: .labelNames)
    let numbers = labelNames?.compactMap { number, name in Int(number).map { (name, $0) } }
    try fields.encodeIfPresent(
      numbers.map { Dictionary($0, uniquingKeysWith: min) }, forKey: .labelNumbers)
    try fields.encodeIfPresent(paddingToken, forKey: .paddingToken)
    try fields.encodeIfPresent(problemType, forKey: .problemType)
    try fields.encodeIfPresent(fineTuning, forKey: .fineTuning)
  }
}
