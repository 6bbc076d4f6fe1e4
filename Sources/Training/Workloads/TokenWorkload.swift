import Configuration
import Console
import Data
import Dist
import Files
import Inference
import Model
import Profiling
import Storage
import Tokenization

/// The workload of pre-training: sequences of the tokens that `prepare` wrote.
package struct TokenWorkload: Workload {
  let config: RunConfig
  let model: ModelConfig
  let training: any BatchSource
  private let validation: ValidationLoss?
  private let dataset: TokenDataset
  private let zeroShot: ZeroShotEvaluation?

  /// Opens the data; throws on all ranks if they cannot be trained on. Collective.
  package init(_ config: RunConfig, communicator: Communicator) throws {
    self.config = config
    let dataset = try communicator.together { try TokenDataset(folder: config.data) }
    self.dataset = dataset
    try communicator.onRoot { try dataset.verifyHashes() }
    try communicator.agree(on: dataset.fingerprint, what: "the data in \(config.data)")
    let model = try communicator.together { try TokenWorkload.shape(config, over: dataset) }
    self.model = model
    training = try communicator.together {
      try Windows(dataset, split: .train, length: model.context)
    }
    validation =
      dataset.info.validation.tokens > model.context
      ? ValidationLoss(
        try Windows(dataset, split: .validation, length: model.context), config) : nil
    zeroShot = try communicator.together {
      try ZeroShotEvaluation(
        tasks: config.evaluateTasks ?? "", folder: config.tasksData ?? "",
        tokenizer: dataset.tokenizer, context: model.context)
    }
  }

  var tokenizer: Tokenizer { dataset.tokenizer }
  var fineTuning: FineTuning? { nil }
  var fingerprint: String { dataset.fingerprint }
  var task: String? { nil }
  var unigramValidationLoss: Double? { dataset.info.unigramValidationLoss }

  package var description: String {
    """
    \(config.batch) sequences of \(model.context) tokens per step
    unigram entropy of the training tokens \(format(dataset.info.unigramEntropy, 4)) nats
    """
      + warnings.map { "\nwarning: \($0)" }.joined()
  }

  private var warnings: [String] {
    let share = dataset.info.unknownShare ?? 0
    let data =
      share > UnknownTokens.mostShare
      ? [
        "\(config.data): \(dataset.info.unknownDescription): its tokenizer does not fit its text; prepare the text with a tokenizer learned from such text"
      ]
      : []
    return data + (zeroShot?.warnings ?? [])
  }

  func begin(_ state: ModelState) throws -> String? {
    guard let from = config.from else { return nil }
    let folder = try ModelFolder.find(from) { printError($0) }
    try checkShape(of: folder)
    try ModelFolder.readWeights(folder, into: state)
    return folder
  }

  func isEvaluationDue(after step: Int) -> Bool {
    config.evaluateEvery.map { step % $0 == 0 } ?? false
  }

  func evaluate(
    _ decoder: Decoder, _ communicator: Communicator, check: FiniteCheck?, after step: Int
  ) throws -> Evaluation? {
    let loss = try validation?.measure(decoder, communicator, check: check)
    let tasks = try zeroShot?.measure(decoder, communicator)
    if loss == nil, tasks == nil { return nil }
    return Evaluation(step: step, validationLoss: loss, zeroShot: tasks)
  }

  private func checkShape(of folder: String) throws {
    let found = try ModelFolder.config(folder)
    let sizes: [(String, KeyPath<ModelConfig, Int>)] = [
      ("vocabulary", \.vocabularySize), ("context", \.context), ("width", \.width),
      ("layers", \.layers), ("heads", \.heads),
    ]
    for (name, size) in sizes where found[keyPath: size] != model[keyPath: size] {
      throw InputError(
        "has \(name) \(found[keyPath: size]), but the run has \(model[keyPath: size]): "
          + (name == "vocabulary" && found.scores > 0
            ? "it is fine-tuned and has rows for special tokens; begin with the model that it was fine-tuned from, or give "
              + "--vocabulary \(found.vocabularySize)"
            : name == "vocabulary"
              ? "prepare the data with the model's tokenizer (prepare --tokenizer \(folder))"
              : "give --\(name) \(found[keyPath: size])"),
        path: folder)
    }
    if found.layerNormEpsilon != model.layerNormEpsilon {
      throw InputError(
        "has layer_norm_epsilon \(found.layerNormEpsilon); only \(model.layerNormEpsilon) is trained",
        path: folder)
    }
    if Tokenizer.lies(in: folder),
      try Tokenizer.load(folder: folder).fingerprint != tokenizer.fingerprint
    {
      throw InputError(
        "has a different tokenizer from \(config.data): prepare the data with the model's tokenizer (prepare "
          + "--tokenizer \(folder))",
        path: folder)
    }
  }

  /// The model's shape; throws if it has fewer token ids than the data.
  package static func shape(_ config: RunConfig, over dataset: TokenDataset) throws -> ModelConfig {
    let model = config.model(vocabularySize: dataset.info.vocabularySize)
    guard model.vocabularySize >= dataset.info.vocabularySize else {
      throw InputError(
        "holds ids of \(dataset.info.vocabularySize) tokens, more than the model's vocabulary of "
          + "\(model.vocabularySize): give a larger --vocabulary, or 0 for that of the data",
        path: config.data)
    }
    return model
  }
}
