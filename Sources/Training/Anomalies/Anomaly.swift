import Configuration
import Console
import Data

/// A step with an anomaly, as recorded in `anomalies.jsonl`.
package struct Anomaly: Sendable, Encodable {
  /// The step, from 1.
  let step: Int
  let kind: AnomalyDetector.Finding.Kind
  /// The quantity that is anomalous.
  let quantity: AnomalyDetector.Finding.Quantity
  /// Mean over the targets of the step, in nats.
  let loss: Double
  /// Norm of the gradient before clipping.
  let gradientNorm: Double
  /// z of a spike.
  let score: Double?
  /// The largest z that is not a spike.
  let threshold: Double
  let policy: AnomalyPolicy
  /// The steps at fault, which are not applied if the run continues: this one; and the one before it as well if every micro-batch is
  /// at fault, because that step may have ruined the weights.
  let steps: [Int]
  /// The micro-batches that may have caused the anomaly.
  let microBatches: [MicroBatch]
  /// True if they gave the same losses when computed again; if not, check the hardware of their nodes.
  let isReproduced: Bool

  /// The names in the file stay those that the first runs wrote.
  private enum CodingKeys: String, CodingKey {
    case step, kind, quantity, loss, gradientNorm, score, threshold, policy
    case steps = "updates"
    case microBatches = "leaves"
    case isReproduced
  }

  /// A micro-batch of the step: its contents, the rank that computed it, and its results.
  struct MicroBatch: Sendable, Encodable {
    let microBatch: Int
    let rank: Int
    let host: String
    /// Mean over its targets in the step, in nats.
    let loss: Double
    /// Norm of its part of the gradient, when computed again.
    let gradientNorm: Double
    /// Places of its sequences or examples in the step's batch.
    let samples: [Int]
    /// Numbers of its sequences or examples in the data.
    let windows: [Int]

    private enum CodingKeys: String, CodingKey {
      case microBatch = "leaf"
      case rank, host, loss, gradientNorm, samples, windows
    }
  }

  /// The anomaly and its place, without the run's response.
  package var description: String {
    let what =
      "step \(step): the loss is \(number(loss)) and the gradient's norm \(number(gradientNorm))"
      + (score.map { ", \(format($0, 1)) deviations above the steps before" } ?? "")
    let places = microBatches.prefix(3).map { found in
      "micro-batch \(found.microBatch) of rank \(found.rank) on \(found.host), sequences "
        + found.windows.map(String.init).joined(separator: " ")
    }
    let more = microBatches.count > 3 ? ["\(microBatches.count - 3) more"] : []
    return what + " (" + (places + more).joined(separator: "; ") + ")"
      + (isReproduced
        ? ""
        : "; the same step computed again gave another result: check the hardware of that node")
  }

  private func number(_ value: Double) -> String {
    value.isNaN ? "nan" : value.isFinite ? format(value, 4) : "\(value)"
  }
}

/// The state of a run's anomaly detection, which is part of its checkpoints.
package struct AnomalyState: Sendable, Equatable, Codable {
  var detector = AnomalyDetector()
  /// Steps that were not applied, or will be skipped when the run reaches them again; ascending.
  private(set) var skippedSteps: [Int] = []
  /// The number of times that the run went back to a checkpoint.
  private(set) var rollbacks = 0
  /// The number of steps that were skipped since the last applied one.
  private(set) var skippedInARow = 0

  /// The names in `trainer.json` stay those that the first runs wrote.
  private enum CodingKeys: String, CodingKey {
    case detector
    case skippedSteps = "skippedUpdates"
    case rollbacks, skippedInARow
  }

  /// The limits of skipping and going back: beyond them, neither helps.
  static let (mostInARow, mostRollbacks) = (10, 10)

  /// The state of a run that has not done any steps.
  package init() {}

  /// Records a step that was applied.
  package mutating func applied(loss: Double, norm: Double) {
    detector.accept(loss: loss, norm: norm)
    skippedInARow = 0
  }

  /// Marks steps to be skipped from now on.
  package mutating func skip(_ steps: [Int]) {
    skippedSteps = Set(skippedSteps + steps).sorted()
  }

  /// Records a step that was not applied.
  mutating func passedOver() { skippedInARow += 1 }

  /// The state after going back to `saved`, to continue without `steps`.
  func goingBack(to saved: AnomalyState, without steps: [Int]) -> AnomalyState {
    var state = saved
    state.skip(skippedSteps + steps)
    state.rollbacks = rollbacks + 1
    return state
  }
}
