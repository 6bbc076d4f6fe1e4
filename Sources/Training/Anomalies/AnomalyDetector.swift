import Dist
import Foundation

/// Detects an anomaly in a step by its loss and its gradient's norm: NaN, infinity, or a spike above the recent steps.
///
/// A spike is a value whose robust z-score
///
///     z = (x − median) / max(1.4826 · median |x − median|, floor)
///
/// over the last accepted steps is above a threshold, where x is the loss or the logarithm of the norm. 1.4826 makes the median
/// deviation of normally distributed values equal to their standard deviation (Rousseeuw & Croux 1993). A fall is not a spike. Steps
/// that were not accepted do not enter the statistics. The detector is a value: the same steps give the same decisions everywhere.
package struct AnomalyDetector: Sendable, Equatable, Codable {
  /// Losses and logarithms of the norms of the last accepted steps, oldest first.
  private var losses: [Double] = []
  private var logNorms: [Double] = []

  /// The number of steps that are remembered.
  package static let window = 100
  /// The number of accepted steps before which nothing counts as a spike.
  package static let fewest = 20
  /// The smallest deviations of the loss, in nats, and of the norm's logarithm. Without them, any step away from a plateau would be a
  /// spike; and the norm grows when a model leaves a plateau.
  static let (lossFloor, normFloor) = (0.05, 0.15)

  /// A detector that has seen nothing.
  package init() {}

  /// The anomaly in a step; nil if there is none. Changes nothing.
  ///
  /// - Parameters:
  ///   - loss: the loss, in nats
  ///   - norm: the norm of the gradient before clipping
  ///   - threshold: the largest z that is not a spike; 0 to search for no spikes
  package func finding(loss: Double, norm: Double, threshold: Double) -> Finding? {
    if loss.isNaN || norm.isNaN {
      return Finding(kind: .notANumber, quantity: loss.isNaN ? .loss : .gradientNorm)
    }
    if loss.isInfinite || norm.isInfinite {
      return Finding(kind: .infinity, quantity: loss.isInfinite ? .loss : .gradientNorm)
    }
    guard threshold > 0, losses.count >= Self.fewest else { return nil }
    let scores: [(Finding.Quantity, Double)] = [
      (.loss, Self.score(loss, among: losses, floor: Self.lossFloor)),
      (.gradientNorm, Self.score(Self.log(norm), among: logNorms, floor: Self.normFloor)),
    ]
    return scores.first { $0.1 > threshold }.map {
      Finding(kind: .spike, quantity: $0.0, score: $0.1)
    }
  }

  /// Adds a step without an anomaly to the statistics.
  package mutating func accept(loss: Double, norm: Double) {
    losses.append(loss)
    logNorms.append(Self.log(norm))
    if losses.count > Self.window {
      losses.removeFirst()
      logNorms.removeFirst()
    }
  }

  /// An anomaly in a step.
  package struct Finding: Sendable, Equatable {
    /// The kind of the anomaly.
    package enum Kind: String, Sendable, Codable, CaseIterable {
      case notANumber = "nan"
      case infinity, spike
    }

    /// The quantity that is anomalous.
    package enum Quantity: String, Sendable, Codable, CaseIterable {
      case loss, gradientNorm
    }

    package let kind: Kind
    package let quantity: Quantity
    /// z of a spike.
    package var score: Double? = nil
  }

  /// The logarithm of a norm, finite for a norm of 0 as well.
  private static func log(_ norm: Double) -> Double {
    Foundation.log(max(norm, .leastNormalMagnitude))
  }

  private static func score(_ value: Double, among values: [Double], floor: Double) -> Double {
    let middle = median(values)
    return (value - middle) / max(1.4826 * median(values.map { abs($0 - middle) }), floor)
  }
}
