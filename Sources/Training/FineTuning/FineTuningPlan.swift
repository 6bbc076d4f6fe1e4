import Configuration
import Console
import Dist
import Files
import Foundation
import Storage

/// The plan of a fine-tuning run: its configuration, examples and memory.
public struct FineTuningPlan: Sendable, Encodable {
  /// The configuration, completed from the examples and the model: steps, shape.
  public let config: RunConfig
  /// Floats of the model.
  public let parameters: Int
  /// Bytes of memory of rank 0.
  public let bytesPerRank: Int
  /// The number of ranks.
  public let ranks: Int
  /// A few lines on examples and truncation.
  public let examples: String
  /// A sentence for each setting that is possible but probably not meant.
  public let cautions: [String]
  private let text: String
  private let memory: MemoryPlan
  private let fingerprint: String
  private let task: String?
  private let ids: Int

  /// Reads the task's files, but takes no memory for training. Collective.
  public init(_ config: RunConfig, communicator: Communicator) throws {
    // If the initial model is gone, the run's checkpoints have its shape and tokenizer.
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

  /// The configuration, the examples and the memory as text.
  public var description: String { text }

  /// Throws if the run in the same directory could not resume like this, or if a node cannot provide the memory. Collective.
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
