import Console
import Data
import Dist
import Files
import Kernels
import Preflight
import Model
import Storage
import Tokenization

/// Evaluates a model on a split of a task and writes its predictions.
public struct TaskMeasurement {
  /// The request: model, task and split.
  public struct Request: Sendable, Codable {
    /// The name of a task, or the path of its YAML file.
    public var task: String
    /// The folder with the task's files.
    public var data: String
    /// A model folder or a run directory.
    public var model: String
    /// The split to evaluate.
    public var split: TaskSplit
    /// True to use the paper's zero-shot heuristics instead of a trained linear layer.
    public var zeroShot: Bool
    /// The file to which predictions are written; nil for none.
    public var predictions: String?
    /// Threads per rank; 0 for a fair share of the node's CPUs.
    public var threads: Int

    /// Creates a request.
    public init(
      task: String, data: String, model: String, split: TaskSplit, zeroShot: Bool,
      predictions: String?, threads: Int
    ) {
      (self.task, self.data, self.model) = (task, data, model)
      (self.split, self.zeroShot) = (split, zeroShot)
      (self.predictions, self.threads) = (predictions, threads)
    }
  }

  /// The results of an evaluation.
  public struct Outcome: Sendable, Codable {
    /// The name of the task.
    public let task: String
    /// The split that was evaluated.
    public let split: TaskSplit
    /// The number of examples.
    public let examples: Int
    /// The number of examples that were cut to the context.
    public let truncated: Int
    /// The number of examples with a label; loss and metrics are computed on these.
    public let labelled: Int
    /// The number of lines in the files that are not examples.
    public let leftOut: Int
    /// The mean cross-entropy in nats; nil without labels, and for zero-shot heuristics.
    public let loss: Double?
    /// The metrics; nil without labels.
    public let metrics: [MetricValue]?
    /// The file of predictions; nil for none, or if it could not be written.
    public let predictions: String?
    /// The reason why the predictions could not be written, only on rank 0; nil if they were
    /// written.
    public let predictionsError: String?
    /// The share of unknown tokens among the tokens of all texts, 0 ... 1.
    public let unknownShare: Double
    /// Warnings about the examples and the predictions for the user.
    public let warnings: [String]

    /// The results for people.
    public var description: String {
      let cut =
        (truncated > 0 ? ", \(grouped(truncated)) of them cut to the context" : "")
        + (0..<examples ~= labelled && labelled > 0
          ? ", \(grouped(labelled)) of them with a label: the metrics are of those" : "")
        + (leftOut > 0
          ? "; \(grouped(leftOut)) line\(leftOut == 1 ? "" : "s") of the files left out" : "")
      let figures =
        (loss.map { ["loss \(format($0, 4))"] } ?? [])
        + (metrics?.map(\.description) ?? ["no labels: no metrics"])
        + [UnknownTokens.description(unknownShare)]
      return
        "\(task), \(split.rawValue): \(grouped(examples)) example\(examples == 1 ? "" : "s")\(cut)\n"
        + figures.joined(separator: "  ") + (predictions.map { "\npredictions in \($0)" } ?? "")
    }
  }

  private let request: Request
  private let communicator: Communicator

  /// A measurement that all ranks of `communicator` run together.
  public init(_ request: Request, communicator: Communicator) {
    (self.request, self.communicator) = (request, communicator)
  }

  /// Runs the measurement. Collective; returns the same results on all ranks.
  public func run() throws -> Outcome {
    var shared = request
    shared.threads = 0
    try communicator.agree(
      on: JSONFile.encode(shared, formatting: .sortedKeys), what: "what to measure", status: 2)
    try communicator.together {
      try InputFiles.require(
        request.predictions, of: "--predictions",
        otherThan: InputFiles.task(request.task, data: request.data)
          + InputFiles.model(request.model))
      if let path = request.predictions { try Destination.requireFile(path) }
    }
    let threads =
      request.threads > 0 ? request.threads : try ThreadShare.fairThreadCount(communicator)
    let spec = try communicator.together { try TaskSpec.asked(request.task) }
    let folder = try ModelFolder.find(request.model, communicator)
    let model = try communicator.together { try ModelFolder.config(folder) }
    try MemoryCheck.require(MemoryCheck.scoring(model, threads: threads), on: communicator)
    let (state, tokenizer) = try communicator.together { try ModelFolder.load(folder) }
    let fit =
      request.zeroShot
      ? nil : try communicator.together { try TaskFit(spec, folder, tokenizer) }
    fit?.apply(to: state)
    let team = ThreadTeam(size: threads)
    let use = DecoderUse(capacity: model.context, training: false)
    try communicator.compareEngines(
      communicator.together { try EngineCheck.identity(of: use, on: team) })
    state.weightsChanged(team: team)
    let found =
      if let fit {
        try fineTuned(spec, state, tokenizer, fit.specials, team)
      } else { try withoutTraining(spec, state, tokenizer, team) }
    let result = found.result
    let failure = write(spec, found)
    return Outcome(
      task: spec.name, split: request.split, examples: found.ids.count, truncated: found.truncated,
      labelled: found.labelled, leftOut: found.leftOut, loss: result.loss,
      metrics: result.metrics, predictions: failure == nil ? request.predictions : nil,
      predictionsError: failure, unknownShare: found.unknown.share,
      warnings: (fit?.notes ?? []) + found.notes + (found.unknown.warning.map { [$0] } ?? [])
        + (request.predictions == nil ? [] : spec.submissionWarnings(ids: found.ids)))
  }

  /// Writes the predictions, on rank 0.
  ///
  /// - Returns: the error if it fails, so that the metrics, which took long to compute, are not
  ///   lost
  package func write(_ spec: TaskSpec, _ found: Found) -> String? {
    guard communicator.isRoot, let path = request.predictions else { return nil }
    do {
      try FileWriter.replace(
        path, with: spec.submissionText(ids: found.ids, predictions: found.result.predictions))
      return nil
    } catch { return "\(error)" }
  }

  package struct Found {
    let ids: [String]
    let truncated: Int
    let labelled: Int
    let leftOut: Int
    let unknown: UnknownTokens
    let notes: [String]
    let result: TaskEvaluation.Result
  }

  private func fineTuned(
    _ spec: TaskSpec, _ state: ModelState, _ tokenizer: Tokenizer, _ specials: SpecialTokens,
    _ team: ThreadTeam
  ) throws -> Found {
    let split = try communicator.together {
      let encoder = try TaskEncoder(
        spec, tokenizer: tokenizer, specials: specials, context: state.config.context)
      return try EncodedSplit(
        spec, request.split, folder: request.data, encoder: encoder, threads: team.size)
    }
    let evaluation = TaskEvaluation(split, answer: spec.answer, metrics: spec.metrics)
    let decoder = Decoder(
      state, team: team, capacity: max(evaluation.tokensPerExample, Scoring.tokensAtOnce),
      training: false)
    return Found(
      ids: split.examples.map(\.id), truncated: split.encoded.count { $0.cutTokens > 0 },
      labelled: split.examples.count { $0.label != nil }, leftOut: split.leftOut,
      unknown: split.unknownTokens, notes: split.notes,
      result: try evaluation.measure(decoder, communicator))
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
    return Found(
      ids: task.ids, truncated: task.truncatedCount, labelled: task.labelledCount,
      leftOut: task.leftOut, unknown: task.unknownTokens, notes: task.notes,
      result: try task.measure(decoder, communicator))
  }
}
