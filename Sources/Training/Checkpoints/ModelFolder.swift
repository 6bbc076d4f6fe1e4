import Buffers
import Data
import Files
import Kernels
import Model

/// A folder that `transformers` loads as it is: `config.json`, `model.safetensors`, `vocab.json`, `merges.txt`.
public enum ModelFolder {
  static let weightsName = "model.safetensors"
  static let configName = "config.json"

  /// Writes all four files; returns the digests that are known without reading them again.
  package static func write(
    _ weights: Vector, _ table: ParameterTable, _ model: ModelConfig, tokenizer: Tokenizer,
    to folder: String
  ) throws -> [String: FileDigest] {
    let config = try HuggingFaceConfig(model).write(to: "\(folder)/\(configName)")
    try tokenizer.save(to: folder)
    let weights = try Safetensors.write(
      table.savedTensors(of: weights), to: "\(folder)/\(weightsName)")
    return [configName: config, weightsName: weights]
  }

  /// The shape of the model in `folder`: a fine-tuned one where it has the weight of a task's linear layer.
  public static func config(_ folder: String) throws -> ModelConfig {
    guard Path.exists(folder) else {
      throw InputError(
        "there is no such folder; give one with config.json, model.safetensors, vocab.json and "
          + "merges.txt: a checkpoint of a run, or a model of Hugging Face's openai-gpt",
        path: folder)
    }
    let path = "\(folder)/\(configName)"
    var config = ModelConfig(try HuggingFaceConfig(path: path))
    let tensors = try SafetensorsFile("\(folder)/\(weightsName)").tensors
    config.scores = tensors[ParameterTable.scoreName]?.shape.first ?? 0
    if let problem = config.problem { throw InputError(problem, path: path) }
    return config
  }

  /// Overwrites the weights with those in `folder`, whose model has the same shape.
  static func readWeights(_ folder: String, into state: ModelState) throws {
    let file = try SafetensorsFile("\(folder)/\(weightsName)")
    for parameter in state.table.parameters {
      try file.read(
        file.name(of: parameter.name), into: state.weights[parameter.range],
        expecting: parameter.shape)
    }
  }

  /// Overwrites a part of the weights with those in `folder`: the embeddings of its tokens and positions, and its first `layers`
  /// blocks. The rest stays as it is.
  static func transfer(_ folder: String, into state: ModelState, layers: Int) throws {
    let file = try SafetensorsFile("\(folder)/\(weightsName)")
    for parameter in ParameterTable(try config(folder)).parameters {
      guard parameter.name != ParameterTable.scoreName,
        parameter.layer.map({ $0 < layers }) ?? true,
        let place = state.table.parameters.first(where: { $0.name == parameter.name })
      else { continue }
      // The token embedding has rows behind those that the model has.
      let start = place.range.lowerBound
      try file.read(
        file.name(of: parameter.name), into: state.weights[start..<start + parameter.range.count],
        expecting: parameter.shape)
    }
  }

  /// The model and its tokenizer.
  public static func load(_ folder: String) throws -> (state: ModelState, tokenizer: Tokenizer) {
    let tokenizer = try tokenizer(folder, of: try config(folder))
    return (try loadWithoutTokenizer(folder), tokenizer)
  }

  /// The model alone, where no text is read or written.
  public static func loadWithoutTokenizer(_ folder: String) throws -> ModelState {
    let state = try state(folder)
    for parameter in state.table.parameters
    where !Reduction.isFinite(state.weights[parameter.range]) {
      throw InputError(
        "tensor \(parameter.name) holds NaN or infinity: use a checkpoint before it",
        path: "\(folder)/\(weightsName)")
    }
    return state
  }

  /// The model, finite or not. No memory is taken before the file is known to hold what `config.json` promises.
  static func state(_ folder: String) throws -> ModelState {
    let config = try config(folder)
    let file = try SafetensorsFile("\(folder)/\(weightsName)")
    for parameter in ParameterTable(config).parameters {
      let name = try file.name(of: parameter.name)
      guard let shape = file.tensors[name]?.shape, shape == parameter.shape else {
        throw InputError(
          "tensor \(name) has the shape \(file.tensors[name]?.shape ?? []), but config.json makes it "
            + "\(parameter.shape)",
          path: file.path)
      }
    }
    var need = MemoryNeed(floats: ParameterTable(config).count, threads: 1)
    need.threads = 0
    try MemoryCheck.require(need)
    let state = ModelState(config, training: false)
    try readWeights(folder, into: state)
    return state
  }

  /// The tokenizer of a model of shape `config`.
  static func tokenizer(_ folder: String, of config: ModelConfig) throws -> Tokenizer {
    let tokenizer = try Tokenizer.load(folder: folder)
    guard tokenizer.vocabularySize <= config.vocabularySize else {
      throw InputError(
        "config.json has a vocabulary of only \(config.vocabularySize) ids, but vocab.json has "
          + "\(tokenizer.vocabularySize): use the tokenizer that the model was trained with",
        path: folder)
    }
    return tokenizer
  }
}

extension Parameter {
  /// The block that it belongs to; nil for none.
  fileprivate var layer: Int? {
    name.split(separator: ".").dropFirst().first.flatMap { Int($0) }
  }
}

extension ParameterTable {
  /// The weights as `model.safetensors` has them. `transformers` takes a file for that of a bare `OpenAIGPTModel`, or of a model with
  /// a layer on it, by whether names begin with `transformer.`, and does not find the layer in the former.
  func savedTensors(of flat: Vector) -> [NamedTensor] {
    guard !scoreRange.isEmpty else { return tensors(of: flat) }
    return tensors(of: flat).map {
      $0.name == Self.scoreName
        ? $0 : NamedTensor(name: "transformer." + $0.name, shape: $0.shape, values: $0.values)
    }
  }

  /// Every tensor of a flat vector, by the names of Hugging Face's `openai-gpt` after `prefix`.
  func tensors(of flat: Vector, prefix: String = "") -> [NamedTensor] {
    parameters.map {
      NamedTensor(name: prefix + $0.name, shape: $0.shape, values: flat[$0.range])
    }
  }
}

extension HuggingFaceConfig {
  /// The file of a model of ours.
  init(_ model: ModelConfig) {
    self.init()
    vocabularySize = model.vocabularySize
    positions = model.context
    width = model.width
    layers = model.layers
    heads = model.heads
    // Through text, so that 0.1 stays 0.1 in the file.
    let dropout = Double("\(model.dropout)") ?? Double(model.dropout)
    (residualDropout, embeddingDropout, attentionDropout) = (dropout, dropout, dropout)
    if model.scores > 0 {
      architectures = ["OpenAIGPTForSequenceClassification"]
      labels = model.scores
    }
    layerNormEpsilon = Double("\(model.layerNormEpsilon)") ?? Double(model.layerNormEpsilon)
    initializerRange =
      Double("\(model.initialStandardDeviation)") ?? Double(model.initialStandardDeviation)
  }
}

extension ModelConfig {
  /// The shape that a file describes.
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
