import Dist
import Files
import Foundation

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
    let isThere = config.from.isEmpty || Path.exists(config.from)
    let store = CheckpointStore(config.out + "/checkpoints")
    let material = try TaskMaterial(
      config, communicator: communicator,
      checkpoint: isThere ? nil : try communicator.together { try store.candidates().first?.folder }
    )
    let threads = try TrainingSession.threads(config, communicator)
    let plan = MemoryPlan(
      material.config, model: material.model, tokensPerWindow: material.training.tokensPerWindow,
      ranks: communicator.size, threads: threads)
    self.config = material.config
    memory = plan
    (parameters, bytesPerRank, ranks) = (plan.parameters, plan.bytes, communicator.size)
    examples = material.description
    (fingerprint, task) = (material.fingerprint, material.task)
    ids = material.tokenizer.vocabularySize
    cautions = material.config.cautions(examples: material.training.count)
    text = try material.config.yaml + "\n" + material.description + "\n" + plan.description
  }

  /// For people.
  public var description: String { text }

  /// Refuses what the run in the same directory could not go on with, and what the machines cannot hold. Collective.
  public func check(on communicator: Communicator) throws {
    try communicator.onRoot {
      let found = try TrainingRun.rehearse(
        config, dataFingerprint: fingerprint, task: task, dataVocabulary: ids)
      if let found { printError(found + "\n") }
    }
    try memory.check(config, on: communicator)
  }

  enum CodingKeys: CodingKey { case config, parameters, bytesPerRank, ranks, examples, cautions }
}
