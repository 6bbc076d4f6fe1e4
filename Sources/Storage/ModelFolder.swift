import Buffers
import Files
import Kernels
import Preflight
import Model
import Tokenization

/// A folder that `transformers` loads directly: `config.json`, `model.safetensors`, `vocab.json`, `merges.txt`, and the tokenizer again in
/// the format of its fast tokenizers.
public enum ModelFolder {
  package static let weightsName = "model.safetensors"
  package static let configName = "config.json"

  /// Writes all files; returns the digests that are known without reading the files again.
  ///
  /// - Parameter fineTuning: the task that the model is fine-tuned for; nil for a language model
  package static func write(
    _ weights: Vector, _ table: ParameterTable, _ model: ModelConfig, tokenizer: Tokenizer,
    fineTuning: FineTuning? = nil, to folder: String
  ) throws -> [String: FileDigest] {
    let config = try HuggingFaceConfig(model, fineTuning).write(to: "\(folder)/\(configName)")
    try tokenizer.save(to: folder)
    try tokenizer.saveForTransformers(
      to: folder, context: model.context, specials: fineTuning?.specials)
    let weights = try Safetensors.write(
      table.savedTensors(of: weights), to: "\(folder)/\(weightsName)")
    return [configName: config, weightsName: weights]
  }

  /// An estimate of the largest size of the files of `tokenizer`: they contain each piece two or three times, and each merge twice.
  package static func mostBytes(of tokenizer: Tokenizer) -> Int { tokenizer.vocabularySize * 256 }

  /// The shape of the model in `folder`; with the linear layer of a task if the file contains its weight.
  public static func config(_ folder: String) throws -> ModelConfig {
    try description(folder).model
  }

  /// The shape of the model in `folder`, and the contents of its config.json. The tensors are checked against the shape.
  package static func description(
    _ folder: String
  ) throws -> (model: ModelConfig, file: HuggingFaceConfig) {
    let path = "\(folder)/\(configName)"
    let file = try HuggingFaceConfig(path: path)
    var config = ModelConfig(file)
    let weights = try weights(folder)
    config.scores = weights.tensors[ParameterTable.scoreName]?.shape.first ?? 0
    if let problem = config.problem { throw InputError(problem, path: path) }
    try checkTensors(weights, of: config)
    return (config, file)
  }

  /// The file of the weights, with its header checked.
  static func weights(_ folder: String) throws(InputError) -> SafetensorsFile {
    let path = "\(folder)/\(weightsName)"
    for other in ["pytorch_model.bin", "model.safetensors.index.json", "tf_model.h5"]
    where !Path.exists(path) && Path.exists("\(folder)/\(other)") {
      throw InputError(
        "holds \(other) but no \(weightsName): load it with `transformers` and write it with "
          + "save_pretrained(FOLDER, max_shard_size=\"100GB\")",
        path: folder)
    }
    return try SafetensorsFile(path)
  }

  /// Overwrites the weights with those in `folder`, whose model must have the same shape.
  package static func readWeights(_ folder: String, into state: ModelState) throws {
    try read(weights(folder), state.table, into: state) { _ in true }
  }

  /// Overwrites a part of the weights with those in `folder`: the embeddings of its tokens and positions, and its first `layers` blocks.
  /// The rest is unchanged.
  package static func transfer(_ folder: String, into state: ModelState, layers: Int) throws {
    try read(weights(folder), ParameterTable(config(folder)), into: state) {
      $0.name != ParameterTable.scoreName && $0.layer.map { $0 < layers } ?? true
    }
  }

  /// Overwrites those of `parameters` that `isWanted` selects and `state` has. Extra rows of the state's token embedding are unchanged.
  private static func read(
    _ file: SafetensorsFile, _ parameters: ParameterTable, into state: ModelState,
    where isWanted: (Parameter) -> Bool
  ) throws {
    for parameter in parameters.parameters where isWanted(parameter) {
      guard let place = state.table.parameters.first(where: { $0.name == parameter.name }) else {
        continue
      }
      let start = place.range.lowerBound
      let values = state.weights[start..<start + parameter.range.count]
      try file.read(file.name(of: parameter.name), into: values, expecting: parameter.shape)
      if parameter.name == SafetensorsFile.embeddingName { try checkHead(file, values, parameter) }
    }
  }

  /// Loads the model and its tokenizer.
  public static func load(_ folder: String) throws -> (state: ModelState, tokenizer: Tokenizer) {
    let tokenizer = try tokenizer(folder, of: try config(folder))
    return (try loadWithoutTokenizer(folder), tokenizer)
  }

  /// Loads the model without its tokenizer, for use without text.
  public static func loadWithoutTokenizer(_ folder: String) throws -> ModelState {
    let state = try state(folder)
    for parameter in state.table.parameters
    where !Reduction.isFinite(state.weights[parameter.range]) {
      throw InputError(
        "tensor \(parameter.name) holds NaN or infinity: use an earlier checkpoint",
        path: "\(folder)/\(weightsName)")
    }
    return state
  }

  /// Loads the model without checking that it is finite. Allocates memory only after the file is known to match `config.json`.
  package static func state(_ folder: String) throws -> ModelState {
    let config = try config(folder)
    var need = MemoryNeed(floats: ParameterTable(config).count, threads: 1)
    need.threads = 0
    try MemoryCheck.require(need)
    let state = ModelState(config, training: false)
    try readWeights(folder, into: state)
    return state
  }

  /// Loads the tokenizer of a model with the shape `config`.
  package static func tokenizer(_ folder: String, of config: ModelConfig) throws -> Tokenizer {
    let tokenizer = try Tokenizer.load(folder: folder)
    guard tokenizer.vocabularySize <= config.vocabularySize else {
      throw InputError(
        "config.json has a vocabulary of only \(config.vocabularySize) ids, but the tokenizer has "
          + "\(tokenizer.vocabularySize): use the tokenizer that the model was trained with",
        path: folder)
    }
    return tokenizer
  }
}

extension Parameter {
  /// The number of the block that it belongs to; nil for none.
  fileprivate var layer: Int? {
    name.split(separator: ".").dropFirst().first.flatMap { Int($0) }
  }
}

extension ParameterTable {
  /// The tensors with their names in `model.safetensors`. `transformers` tells a bare `OpenAIGPTModel` from a model with a layer on top by
  /// the prefix `transformer.` of the names, and does not find the layer without the prefix.
  package func savedTensors(of flat: Vector) -> [NamedTensor] {
    guard !scoreRange.isEmpty else { return tensors(of: flat) }
    return tensors(of: flat).map {
      $0.name == Self.scoreName
        ? $0 : NamedTensor(name: "transformer." + $0.name, shape: $0.shape, values: $0.values)
    }
  }

  /// All tensors of a flat vector, with the names of Hugging Face's `openai-gpt` after `prefix`.
  package func tensors(of flat: Vector, prefix: String = "") -> [NamedTensor] {
    parameters.map {
      NamedTensor(name: prefix + $0.name, shape: $0.shape, values: flat[$0.range])
    }
  }
}

extension HuggingFaceConfig {
  /// The file that describes `model`.
  init(_ model: ModelConfig, _ fineTuning: FineTuning?) {
    self.init()
    vocabularySize = model.vocabularySize
    positions = model.context
    width = model.width
    layers = model.layers
    heads = model.heads
    // Converted through text, so that 0.1 remains 0.1 in the file.
    let dropout = Double("\(model.dropout)") ?? Double(model.dropout)
    (residualDropout, embeddingDropout, attentionDropout) = (dropout, dropout, dropout)
    if model.scores > 0 {
      architectures = ["OpenAIGPTForSequenceClassification"]
      labels = model.scores
    }
    if let fineTuning {
      let names = fineTuning.spec.answer.outputNames
      labelNames = Dictionary(uniqueKeysWithValues: zip(0..., names).map { (String($0), $1) })
      problemType = fineTuning.spec.answer.problemType
      // No sequence ends with this token.
      paddingToken = fineTuning.specials.delimiter
      self.fineTuning = fineTuning.task
    }
    layerNormEpsilon = Double("\(model.layerNormEpsilon)") ?? Double(model.layerNormEpsilon)
    initializerRange =
      Double("\(model.initialStandardDeviation)") ?? Double(model.initialStandardDeviation)
  }
}

extension ModelConfig {
  /// The shape that the file describes.
  init(_ file: HuggingFaceConfig) {
    self.init()
    vocabularySize = file.vocabularySize
    context = file.positions
    width = file.width
    layers = file.layers
    heads = file.heads
    dropout = Float(file.residualDropout)
    layerNormEpsilon = Float(file.layerNormEpsilon)
    initialStandardDeviation = Float(file.initializerRange)
  }
}
