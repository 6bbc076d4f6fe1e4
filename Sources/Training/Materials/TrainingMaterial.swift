import Data
import Model

/// What a run trains on and is judged by: all in which pre-training and fine-tuning differ.
protocol TrainingMaterial {
  /// The run's configuration with what the data and the model that it begins with decide.
  var config: RunConfig { get }

  /// The shape that is trained.
  var model: ModelConfig { get }

  /// The tokenizer that is saved with the model.
  var tokenizer: Tokenizer { get }

  /// What the model is fine-tuned for, and what its outputs are called; nil in pre-training.
  var fineTuning: FineTuning? { get }

  /// A hash of all that training reads.
  var fingerprint: String { get }

  /// What the task is, in words by which one is told from another whatever its file is called; nil in pre-training.
  var task: String? { get }

  /// What steps are made of.
  var training: any BatchSource { get }

  /// What the validation loss of pre-training is measured on; nil for none.
  var validation: (any BatchSource)? { get }

  /// The validation loss of a model that knows nothing but how often each token occurs, in nats; nil where it is not known.
  var unigramValidationLoss: Double? { get }

  /// A few lines for people, before the first step.
  var description: String { get }

  /// Overwrites random weights with those that the run begins with. Rank 0's.
  ///
  /// - Returns: where they come from; nil where all stay random
  func begin(_ state: ModelState) throws -> String?

  /// Whether it is time for a measurement, besides that at the end.
  func isEvaluationDue(after step: Int) -> Bool

  /// Measures on data that is not trained on; nil where there is none. Collective.
  func evaluate(_ trainer: Trainer, after step: Int) throws -> Evaluation?
}

/// A measurement on data that is not trained on, as it stands in `metrics.jsonl`.
public struct Evaluation: Sendable, Codable, Equatable {
  /// Updates done.
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

/// What a metric came to.
public struct MetricValue: Sendable, Codable, Equatable {
  /// Which.
  public var metric: Metric
  /// NaN, where predictions or labels are all the same and it has no value, is null.
  public var value: Double?

  /// - Parameter value: NaN for none
  init(_ metric: Metric, _ value: Double) {
    self.metric = metric
    self.value = value.isNaN ? nil : value
  }

  /// Whether a model with this value is the better one; no value is the worst.
  func isBetter(than other: MetricValue) -> Bool {
    value ?? -.infinity > other.value ?? -.infinity
  }

  /// For people.
  public var description: String {
    "\(metric.rawValue) \(value.map { format($0, 4) } ?? "undefined")"
  }
}
