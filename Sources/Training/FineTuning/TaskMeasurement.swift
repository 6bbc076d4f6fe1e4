import Data
import Dist
import Files
import Kernels
import Model

/// A model's answers to the examples of a task's split, judged and written down.
public struct TaskMeasurement {
  /// What is to be measured.
  public struct Request: Sendable, Codable {
    /// A name, or a YAML file.
    public var task: String
    /// The folder with the task's files.
    public var data: String
    /// A model folder.
    public var model: String
    /// The part of the examples.
    public var split: TaskSplit
    /// Whether the paper's heuristics answer, instead of a linear layer that was trained.
    public var zeroShot: Bool
    /// The file that predictions are written to; nil for none.
    public var predictions: String?
    /// Threads of a rank; 0 for a fair share of the node's CPUs.
    public var threads: Int

    /// A request.
    public init(
      task: String, data: String, model: String, split: TaskSplit, zeroShot: Bool,
      predictions: String?, threads: Int
    ) {
      (self.task, self.data, self.model) = (task, data, model)
      (self.split, self.zeroShot) = (split, zeroShot)
      (self.predictions, self.threads) = (predictions, threads)
    }
  }

  /// What was found.
  public struct Outcome: Sendable, Codable {
    /// The task's name.
    public let task: String
    /// The part of the examples.
    public let split: TaskSplit
    /// How many were answered.
    public let examples: Int
    /// Those among them that were cut to the context.
    public let truncated: Int
    /// Mean cross-entropy in nats; nil without labels, and by the heuristics.
    public let loss: Double?
    /// Nil without labels.
    public let metrics: [MetricValue]?
    /// The file of predictions; nil for none.
    public let predictions: String?

    /// For people.
    public var description: String {
      let cut = truncated > 0 ? ", \(grouped(truncated)) of them cut to the context" : ""
      let figures =
        (loss.map { ["loss \(format($0, 4))"] } ?? [])
        + (metrics?.map(\.description) ?? ["no labels: no metrics"])
      return "\(task), \(split.rawValue): \(grouped(examples)) examples\(cut)\n"
        + figures.joined(separator: "  ") + (predictions.map { "\npredictions in \($0)" } ?? "")
    }
  }

  private let request: Request
  private let communicator: Communicator

  /// A measurement by all ranks of `communicator`.
  public init(_ request: Request, communicator: Communicator) {
    (self.request, self.communicator) = (request, communicator)
  }

  /// Measures. Collective; the same on all ranks.
  public func run() throws -> Outcome {
    var shared = request
    shared.threads = 0
    try communicator.agree(
      on: JSONFile.encode(shared, formatting: .sortedKeys), what: "what to measure", status: 2)
    let threads =
      request.threads > 0 ? request.threads : try ThreadShare.fairThreadCount(communicator)
    let spec = try communicator.together { try TaskSpec.asked(request.task) }
    let (state, tokenizer) = try communicator.together { try ModelFolder.load(request.model) }
    let team = ThreadTeam(size: threads)
    state.weightsChanged(team: team)
    let (ids, truncated, result) =
      request.zeroShot
      ? try withoutTraining(spec, state, tokenizer, team)
      : try fineTuned(spec, state, tokenizer, team)
    try communicator.onRoot {
      guard let path = request.predictions else { return }
      try FileWriter.write(
        spec.submissionText(ids: ids, predictions: result.predictions), to: path)
    }
    return Outcome(
      task: spec.name, split: request.split, examples: ids.count, truncated: truncated,
      loss: result.loss, metrics: result.metrics, predictions: request.predictions)
  }

  private typealias Found = (ids: [String], truncated: Int, TaskEvaluation.Result)

  private func fineTuned(
    _ spec: TaskSpec, _ state: ModelState, _ tokenizer: Tokenizer, _ team: ThreadTeam
  ) throws -> Found {
    let model = state.config
    let split = try communicator.together {
      guard model.scores == spec.answer.outputs else {
        throw InputError(
          model.scores == 0
            ? "is a language model without a linear layer for a task: fine-tune it with `gpt1-dist finetune`, or ask "
              + "it with --zero-shot"
            : "has a linear layer of \(model.scores) outputs, and \(spec.name) needs \(spec.answer.outputs): it was "
              + "fine-tuned on another task",
          path: request.model)
      }
      let encoder = try TaskEncoder(
        spec, tokenizer: tokenizer,
        specials: SpecialTokens(after: model.vocabularySizeWithoutSpecials),
        context: model.context)
      return try EncodedSplit(
        spec, request.split, folder: request.data, encoder: encoder, threads: team.size)
    }
    let evaluation = TaskEvaluation(split, answer: spec.answer, metrics: spec.metrics)
    let decoder = Decoder(
      state, team: team, capacity: max(evaluation.tokensPerExample, Scoring.tokensAtOnce),
      training: false)
    return (
      split.examples.map(\.id), split.encoded.count { $0.cutTokens > 0 },
      try evaluation.measure(decoder, communicator)
    )
  }

  private func withoutTraining(
    _ spec: TaskSpec, _ state: ModelState, _ tokenizer: Tokenizer, _ team: ThreadTeam
  ) throws -> Found {
    let task = try communicator.together {
      try ZeroShotTask(
        spec, request.split, folder: request.data, tokenizer: tokenizer,
        context: state.config.context)
    }
    let decoder = Decoder(
      state, team: team, capacity: max(state.config.context, Scoring.tokensAtOnce),
      training: false)
    return (task.ids, task.truncatedCount, try task.measure(decoder, communicator))
  }
}
