import Console
import Data
import Inference

/// A measurement on data that is not trained on, as written in `metrics.jsonl`.
public struct Evaluation: Sendable, Codable, Equatable {
  /// Steps done.
  public var step: Int
  /// In nats. In pre-training: the mean over the targets of the validation split; in fine-tuning: the mean of the task's own loss over
  /// the examples of the development split.
  public var validationLoss: Double?
  /// In fine-tuning: the task's metrics on the development split; the first one chooses the best model.
  public var metrics: [MetricValue]?
  /// In pre-training: zero-shot metrics by the paper's heuristics, by the name of the task.
  public var zeroShot: [String: [MetricValue]]?

  /// The value by which models are compared: higher is better; nil without metrics.
  var score: MetricValue? { metrics?.first }

  /// A line for the log.
  public var description: String {
    let loss = validationLoss.map { ["validation loss \(format($0, 4))"] } ?? []
    let tasks = (zeroShot ?? [:]).sorted { $0.key < $1.key }.map { name, values in
      "\(name) without training: " + values.map(\.description).joined(separator: " ")
    }
    return (loss + (metrics ?? []).map(\.description) + tasks).joined(separator: "  ")
  }
}
