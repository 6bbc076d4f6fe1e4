import Configuration
import Console
import Data

/// A step that went wrong, as it stands in `anomalies.jsonl`.
package struct Anomaly: Sendable, Encodable {
  /// From 1.
  let step: Int
  let kind: AnomalyDetector.Finding.Kind
  /// What is not as it should be.
  let quantity: AnomalyDetector.Finding.Quantity
  /// Mean over the targets of the step, in nats.
  let loss: Double
  /// Before clipping.
  let gradientNorm: Double
  /// z of a spike.
  let score: Double?
  /// The largest z that is no spike.
  let threshold: Double
  let policy: AnomalyPolicy
  /// The steps that it came from, which are not applied where the run goes on: this one; and the one before too where every
  /// micro-batch is at fault, since that may have ruined the weights.
  let steps: [Int]
  /// Those that it may have come from.
  let microBatches: [MicroBatch]
  /// Whether these gave the same when they were computed once more; if not, look at their hosts' hardware.
  let isReproduced: Bool

  /// The names in the file are those of the first runs that have it.
  private enum CodingKeys: String, CodingKey {
    case step, kind, quantity, loss, gradientNorm, score, threshold, policy
    case steps = "updates"
    case microBatches = "leaves"
    case isReproduced
  }

  /// A micro-batch of the step: what it is made of, who computed it, and what it gave.
  struct MicroBatch: Sendable, Encodable {
    let microBatch: Int
    let rank: Int
    let host: String
    /// Mean over its targets, in nats, in the step.
    let loss: Double
    /// Of its part of the gradient, computed once more.
    let gradientNorm: Double
    /// Places in the step's batch.
    let samples: [Int]
    /// Numbers of the windows of tokens there.
    let windows: [Int]

    private enum CodingKeys: String, CodingKey {
      case microBatch = "leaf"
      case rank, host, loss, gradientNorm, samples, windows
    }
  }

  /// What happened and where, without what is done about it.
  package var description: String {
    let what =
      "step \(step): the loss is \(number(loss)) and the gradient's norm \(number(gradientNorm))"
      + (score.map { ", \(format($0, 1)) deviations above the steps before" } ?? "")
    let places = microBatches.prefix(3).map { found in
      "micro-batch \(found.microBatch) of rank \(found.rank) on \(found.host), windows "
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

/// What a run remembers of its anomalies; a part of its checkpoints.
package struct AnomalyState: Sendable, Equatable, Codable {
  var detector = AnomalyDetector()
  /// Steps that were not applied, or will not be where the run comes to them again; ascending.
  private(set) var skippedSteps: [Int] = []
  /// How often the run went back.
  private(set) var rollbacks = 0
  /// Steps that were not applied since the last one that was.
  private(set) var skippedInARow = 0

  /// The names in `trainer.json` are those of the first runs that have it.
  private enum CodingKeys: String, CodingKey {
    case detector
    case skippedSteps = "skippedUpdates"
    case rollbacks, skippedInARow
  }

  /// Beyond these, skipping and going back do not help.
  static let (mostInARow, mostRollbacks) = (10, 10)

  /// Of a run that has seen nothing.
  package init() {}

  /// A step was applied.
  package mutating func applied(loss: Double, norm: Double) {
    detector.accept(loss: loss, norm: norm)
    skippedInARow = 0
  }

  /// Steps are not to be applied, from now on.
  package mutating func skip(_ steps: [Int]) {
    skippedSteps = Set(skippedSteps + steps).sorted()
  }

  /// A step was not applied.
  mutating func passedOver() { skippedInARow += 1 }

  /// What is known when the run goes back to `saved`, to go on without `steps`.
  func goingBack(to saved: AnomalyState, without steps: [Int]) -> AnomalyState {
    var state = saved
    state.skip(skippedSteps + steps)
    state.rollbacks = rollbacks + 1
    return state
  }
}
