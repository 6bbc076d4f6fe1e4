import Console
import Data
import Inference

/// A measurement on data that is not trained on, as it stands in `metrics.jsonl`.
public struct Evaluation: Sendable, Codable, Equatable {
  /// Steps done.
  public var step: Int
  /// In nats: in pre-training the mean over the targets of the validation split; in fine-tuning the mean over the examples of the
  /// development split of the task's own loss.
  public var validationLoss: Double?
  /// In fine-tuning: the task's metrics on the development split, the one that decides first.
  public var metrics: [MetricValue]?
  /// In pre-training: metrics of tasks by the paper's heuristics, by the name of the task.
  public var zeroShot: [String: [MetricValue]]?

  /// The value by which models are compared: higher is better; nil without metrics.
  var score: MetricValue? { metrics?.first }

  /// For people.
  public var description: String {
    let loss = validationLoss.map { ["validation loss \(format($0, 4))"] } ?? []
    let tasks = (zeroShot ?? [:]).sorted { $0.key < $1.key }.map { name, values in
      "\(name) without training: " + values.map(\.description).joined(separator: " ")
    }
    return (loss + (metrics ?? []).map(\.description) + tasks).joined(separator: "  ")
  }
}
