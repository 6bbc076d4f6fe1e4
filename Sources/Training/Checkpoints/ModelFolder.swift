import Buffers
import Data
import Files
import Model

/// A folder that `transformers` loads as it is: `config.json`, `model.safetensors`, `vocab.json`, `merges.txt`.
public enum ModelFolder {
  static let weightsName = "model.safetensors"
  static let configName = "config.json"

  /// Writes all four files; returns the digests that are known without reading them again.
  static func write(
    _ state: ModelState, tokenizer: Tokenizer, to folder: String
  ) throws -> [String: FileDigest] {
    let config = try HuggingFaceConfig(state.config).write(to: "\(folder)/\(configName)")
    try tokenizer.save(to: folder)
    let weights = try Safetensors.write(
      state.table.tensors(of: state.weights), to: "\(folder)/\(weightsName)")
    return [configName: config, weightsName: weights]
  }

  /// The shape of the model in `folder`.
  public static func config(_ folder: String) throws -> ModelConfig {
    guard Path.exists(folder) else {
      throw InputError(
        "there is no such folder; give one with config.json, model.safetensors, vocab.json and "
          + "merges.txt: a checkpoint of a run, or a model of Hugging Face's openai-gpt",
        path: folder)
    }
    let path = "\(folder)/\(configName)"
    let config = ModelConfig(try HuggingFaceConfig(path: path))
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

  /// The model and its tokenizer.
  public static func load(_ folder: String) throws -> (state: ModelState, tokenizer: Tokenizer) {
    let state = ModelState(try config(folder), training: false)
    let tokenizer = try Tokenizer.load(folder: folder)
    guard tokenizer.vocabularySize <= state.config.vocabularySize else {
      throw InputError(
        "config.json has a vocabulary of only \(state.config.vocabularySize) ids, but vocab.json has "
          + "\(tokenizer.vocabularySize): use the tokenizer that the model was trained with",
        path: folder)
    }
    try readWeights(folder, into: state)
    return (state, tokenizer)
  }

  /// The model alone, where no text is read or written.
  public static func loadWithoutTokenizer(_ folder: String) throws -> ModelState {
    let state = ModelState(try config(folder), training: false)
    try readWeights(folder, into: state)
    return state
  }
}

extension ParameterTable {
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
