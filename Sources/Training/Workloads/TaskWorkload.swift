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

/// The workload of fine-tuning: a task's examples as token sequences, and the initial model.
struct TaskWorkload: Workload {
  let config: RunConfig
  let model: ModelConfig
  let tokenizer: Tokenizer
  let fingerprint: String
  let task: String?
  private let spec: TaskSpec
  private let batches: TaskBatches
  private let development: TaskEvaluation
  private let specials: SpecialTokens

  var training: any BatchSource { batches }
  var unigramValidationLoss: Double? { nil }
  var fineTuning: FineTuning? { FineTuning(spec, specials: specials) }

  /// Reads and encodes the examples; throws on all ranks if they cannot be trained on. Collective.
  ///
  /// - Parameters:
  ///   - checkpoint: a checkpoint of the run, with its shape and tokenizer; nil if the run starts from the beginning
  ///   - derivesSteps: true to derive steps and warm-up from the examples; false if `given` has them
  init(
    _ given: RunConfig, communicator: Communicator, checkpoint: String? = nil,
    derivesSteps: Bool = true
  ) throws {
    let threads = try TrainingSession.threads(given, communicator)
    var config = given
    let spec = try communicator.together { try TaskSpec.asked(given.task ?? "") }
    task = spec.identity
    if let from = given.from {
      config.from = try TaskWorkload.source(from, isNeeded: checkpoint == nil, communicator)
    }
    let (base, tokenizer, known) = try communicator.together {
      try TaskWorkload.beginning(config, checkpoint: checkpoint)
    }
    (self.spec, self.tokenizer) = (spec, tokenizer)
    // Rows for the special tokens are added if there are none; every other token keeps its row.
    let specials = known ?? SpecialTokens(after: base.vocabularySize)
    self.specials = specials
    var model = base
    model.vocabularySize = max(base.vocabularySize, Int(specials.ids.max() ?? 0) + 1)
    model.scores = spec.answer.outputs
    model.dropout = Float(config.dropout)
    self.model = model

    let parts = try communicator.together {
      let encoder = try TaskEncoder(
        spec, tokenizer: tokenizer, specials: specials, context: model.context)
      return try [TaskSplit.train, .dev].map {
        try EncodedSplit(spec, $0, folder: given.data, encoder: encoder, threads: threads)
      }
    }
    let train = parts[0].drawn(config.examples ?? 0, seed: config.seed)
    development = TaskEvaluation(parts[1], answer: spec.answer, metrics: spec.metrics)
    batches = TaskBatches(
      train.encoded, answer: spec.answer, lmCoefficient: config.lmCoefficient,
      microBatch: config.microBatch,
      tokensPerWindow: max(train.longest, parts[1].longest))
    fingerprint = EncodedSplit.fingerprint([train, parts[1]], tokenizer)
    try communicator.agree(on: fingerprint, what: "the examples in \(config.data)")

    config.vocabulary = model.vocabularySize - SpecialTokens.count
    (config.context, config.width) = (model.context, model.width)
    (config.layers, config.heads) = (model.layers, model.heads)
    config.initializerRange = Double("\(model.initialStandardDeviation)") ?? config.initializerRange
    if case .model = config.start { config.transferLayers = model.layers }
    let last = (config.epochs * batches.count - 1) % config.batch + 1
    if derivesSteps {
      config.steps = (config.epochs * batches.count - 1) / config.batch + 1
      config.warmUp = Int((config.warmUpFraction * Double(config.steps)).rounded())
    }
    try communicator.together {
      if let problem = model.problem { throw InputError(problem) }
      if case .transfer(let blocks, let from) = config.start, blocks > model.layers {
        throw UsageError(
          "--transfer-layers \(blocks): the model in \(from) has only \(model.layers)"
        )
      }
    }
    self.config = config
    let end =
      derivesSteps && last < config.batch && config.steps > 1 ? ", the last step with \(last)" : ""
    description = """
      \(spec.name), \(spec.transformation.rawValue): \(grouped(train.encoded.count)) training and \
      \(grouped(parts[1].encoded.count)) development example\(parts[1].encoded.count == 1 ? "" : "s"); \(config.batch) per step, \(config.steps) step\(config.steps == 1 ? "" : "s") in \
      \(config.epochs) epoch\(config.epochs == 1 ? "" : "s")\(end)
      \(train.losses(model.context, development: parts[1]))
      """
      // A development split that is a share of the training files has the same notes: they are reported once.
      + (train.warnings + parts[1].warnings.filter { !train.notes.contains($0) })
      .map { "\nwarning: \($0)" }.joined()
  }

  package let description: String

  /// The folder of the initial model. Collective.
  ///
  /// - Parameter isNeeded: false if the run resumes: the model may be gone then
  private static func source(
    _ from: String, isNeeded: Bool, _ communicator: Communicator
  ) throws -> String {
    if isNeeded { return try ModelFolder.find(from, communicator) }
    var found = Array(from.utf8)
    try communicator.onRoot {
      guard Path.exists(from) else { return }
      do { found = Array(try ModelFolder.find(from) { _ in }.utf8) } catch {
        printError("\(error). That model is not needed: the run resumes from its own checkpoint")
      }
    }
    return String(decoding: try communicator.broadcast(found), as: UTF8.self)
  }

  /// The shape, the tokenizer and any special tokens of the initial model, or of the model whose shape is taken.
  private static func beginning(
    _ config: RunConfig, checkpoint: String?
  ) throws -> (ModelConfig, Tokenizer, SpecialTokens?) {
    if let checkpoint, Path.exists(checkpoint) {
      let (model, file) = try ModelFolder.description(checkpoint)
      let tokenizer = try ModelFolder.tokenizer(checkpoint, of: model)
      return (model, tokenizer, try ModelFolder.specials(checkpoint, model, file, tokenizer))
    }
    guard let from = config.from else {
      let folder = config.tokenizer ?? ""
      let tokenizer = try Tokenizer.load(folder: folder)
      let model = config.model(vocabularySize: tokenizer.vocabularySize)
      guard model.vocabularySize >= tokenizer.vocabularySize else {
        throw InputError(
          "has \(tokenizer.vocabularySize) ids, more than the model's vocabulary of \(model.vocabularySize): "
            + "give a larger `vocabulary`, or 0 for that of the tokenizer",
          path: folder)
      }
      return (model, tokenizer, nil)
    }
    let (model, file) = try ModelFolder.description(from)
    let tokenizer = try ModelFolder.tokenizer(from, of: model)
    guard model.scores > 0 else { return (model, tokenizer, nil) }
    return (model, tokenizer, try ModelFolder.specials(from, model, file, tokenizer))
  }

  func begin(_ state: ModelState) throws -> String? {
    let (from, blocks): (String, Int)
    switch config.start {
    case .random: return nil
    case .model(let folder): (from, blocks) = (folder, model.layers)
    case .transfer(let count, let folder): (from, blocks) = (folder, count)
    }
    if let trained = try ModelFolder.description(from).file.fineTuning {
      printError(
        "\(from) was fine-tuned on \(trained.task): its linear layer is dropped, and a new one is initialized for \(spec.name)"
      )
    }
    try ModelFolder.transfer(from, into: state, layers: blocks)
    return blocks < model.layers
      ? "\(from) (its embeddings and first \(blocks) blocks)" : from
  }

  /// True at the end of each epoch.
  func isEvaluationDue(after step: Int) -> Bool {
    let examples = step * config.batch
    return examples / batches.count > (examples - config.batch) / batches.count
  }

  func evaluate(
    _ decoder: Decoder, _ communicator: Communicator, check: FiniteCheck?, after step: Int
  ) throws -> Evaluation? {
    let found = try development.measure(decoder, communicator)
    return Evaluation(step: step, validationLoss: found.loss, metrics: found.metrics)
  }
}

extension TaskSpec {
  /// `mood (classification into sad, glad; accuracy, f1)`: everything but the examples that determines the outputs and the best model.
  var identity: String {
    let kind =
      switch answer {
      case .classes(let labels): "\(transformation.rawValue) into \(labels.joined(separator: ", "))"
      case .choices(let count): "\(transformation.rawValue) of \(count)"
      case .score(let most): "\(transformation.rawValue) from 0 to \(most)"
      }
    return "\(name) (\(kind); \(metrics.map(\.rawValue).joined(separator: ", ")))"
  }
}
