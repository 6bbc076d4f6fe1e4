import Configuration
import Console
import Dist
import Files
import Foundation
import Storage

/// What a fine-tuning will do and take, before it begins.
public struct FineTuningPlan: Sendable, Encodable {
  /// With what the examples and the model decide: steps, shape.
  public let config: RunConfig
  /// Floats of the model.
  public let parameters: Int
  /// Of rank 0.
  public let bytesPerRank: Int
  /// That share it.
  public let ranks: Int
  /// A few lines on examples, padding and truncation.
  public let examples: String
  /// What to look at before it begins, a sentence each.
  public let cautions: [String]
  private let text: String
  private let memory: MemoryPlan
  private let fingerprint: String
  private let task: String?
  private let ids: Int

  /// Reads the task's files, and takes no memory for the training. Collective.
  public init(_ config: RunConfig, communicator: Communicator) throws {
    // Where the model that the run began with is gone, its checkpoints know shape and tokenizer.
    let isThere = config.from.map(Path.exists) ?? true
    let store = CheckpointStore(config.out + "/checkpoints")
    let workload = try TaskWorkload(
      config, communicator: communicator,
      checkpoint: isThere ? nil : try communicator.together { try store.candidates().first?.folder }
    )
    let threads = try TrainingSession.threads(config, communicator)
    let plan = MemoryPlan(
      workload.config, model: workload.model, tokensPerWindow: workload.training.tokensPerWindow,
      ranks: communicator.size, threads: threads)
    self.config = workload.config
    memory = plan
    (parameters, bytesPerRank, ranks) = (plan.parameters, plan.bytes, communicator.size)
    examples = workload.description
    (fingerprint, task) = (workload.fingerprint, workload.task)
    ids = workload.tokenizer.vocabularySize
    cautions = workload.config.cautions(examples: workload.training.count)
    text = try workload.config.yaml + "\n" + workload.description + "\n" + plan.description
  }

  /// For people.
  public var description: String { text }

  /// Refuses what the run in the same directory could not go on with, and what the machines cannot hold. Collective.
  public func check(on communicator: Communicator) throws {
    try communicator.onRoot {
      let found = try TrainingRun.rehearse(
        config, dataFingerprint: fingerprint, task: task, dataVocabulary: ids)
      if let found { printError(found) }
    }
    try memory.check(config, on: communicator)
  }

  enum CodingKeys: CodingKey { case config, parameters, bytesPerRank, ranks, examples, cautions }
}
