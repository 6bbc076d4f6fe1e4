import Buffers
import Console
import Tokenization
import Files
import Model
import Tokenization

// Checks that the parts of a model folder match: tensors and shape, output and embedding, rows and tokens.
extension ModelFolder {
  /// Throws an InputError if `file` lacks a tensor of the shape `config`, has one in another shape, or has one that would be ignored.
  static func checkTensors(_ file: SafetensorsFile, of config: ModelConfig) throws {
    var known: Set<String> = [SafetensorsFile.headName]
    for parameter in ParameterTable(config).parameters {
      let name = try file.name(of: parameter.name)
      known.insert(name)
      guard let shape = file.tensors[name]?.shape, shape == parameter.shape else {
        throw InputError(
          "tensor \(name) has the shape \(file.tensors[name]?.shape ?? []), but config.json requires "
            + "\(parameter.shape)",
          path: file.path)
      }
    }
    let left = file.tensors.keys.filter { !known.contains($0) && !isPassedOver($0) }.sorted()
    guard left.isEmpty else {
      throw InputError(
        "holds \(counted(left.count, "tensor")) that a model of this config.json does not have, "
          + "\(left.prefix(3).joined(separator: ", "))\(left.count > 3 ? ", …" : ""): take both files from the same model",
        path: file.path)
    }
  }

  /// True for constants of `transformers`, and for the second head of its double-head model.
  private static func isPassedOver(_ name: String) -> Bool {
    name.hasSuffix(".attn.bias") || name.hasSuffix(".attn.masked_bias")
      || name.hasSuffix("position_ids") || name.hasPrefix("multiple_choice_head.")
  }

  /// Throws an InputError if `file` has an output layer that differs from the token embedding: in GPT-1, they are the same.
  static func checkHead(
    _ file: SafetensorsFile, _ embedding: Vector, _ parameter: Parameter
  ) throws {
    let name = SafetensorsFile.headName
    guard file.tensors[name] != nil, try file.name(of: parameter.name) != name else { return }
    let head = FloatBuffer(embedding.count)
    try file.read(name, into: head.vector, expecting: parameter.shape)
    let hashes = [head.vector, embedding].map { $0.withBytes { XXH128.hash($0) } }
    guard hashes[0] == hashes[1] else {
      throw InputError(
        "\(name) is not \(parameter.name), but GPT-1 uses its token embedding as output layer: this model was trained with "
          + "two separate tensors and cannot be run here",
        path: file.path)
    }
  }

  /// The special tokens of the fine-tuned model in `folder`, from its config.json, or from the number of rows beyond the tokenizer's ids;
  /// nil if it has as many rows as ids, and therefore no special tokens.
  ///
  /// - Throws: an InputError if it is uncertain which rows they are
  package static func specials(
    _ folder: String, _ model: ModelConfig, _ file: HuggingFaceConfig, _ tokenizer: Tokenizer
  ) throws(InputError) -> SpecialTokens? {
    let (rows, ids) = (model.vocabularySize, tokenizer.vocabularySize)
    func refusal(_ what: String) -> InputError {
      InputError(
        "the model has \(rows) rows and the tokenizer \(ids) ids: \(what)", path: folder)
    }
    // Regardless of config.json: there are no rows for special tokens.
    if rows == ids { return nil }
    if let named = file.fineTuning?.specialTokens {
      let sorted = named.ids.sorted()
      guard Set(sorted).count == sorted.count, Int(sorted[0]) >= ids, Int(sorted[2]) < rows else {
        throw refusal(
          "config.json gives the special tokens the ids \(named.ids), which are not three different rows beyond the tokenizer's ids"
        )
      }
      return named
    }
    // Models of earlier versions do not name them. The hashes prove that nobody has changed the rows since.
    let spare = rows - ids - SpecialTokens.count
    guard spare == 0 || spare > 0 && Path.exists("\(folder)/\(SumsFile.name)") else {
      throw refusal(
        "it is not clear which rows are the special tokens start, delimiter and end; name them in config.json: "
          + "\"gpt1_dist\": {\"task\": NAME, \"transformation\": …, \"answer\": …, \"special_tokens\": {\"start\": …, "
          + "\"delimiter\": …, \"end\": …}}")
    }
    return SpecialTokens(after: rows - SpecialTokens.count)
  }
}
