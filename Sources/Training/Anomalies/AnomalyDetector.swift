import Dist
import Foundation

/// Tells a step that went wrong by its loss and its gradient's norm: NaN, infinity, or a spike above what the steps before were like.
///
/// A spike is a value whose robust z-score
///
///     z = (x − median) / max(1.4826 · median |x − median|, floor)
///
/// over the last accepted steps is above a threshold, for x the loss and the logarithm of the norm; 1.4826 makes the median deviation
/// of normal values their standard deviation (Rousseeuw & Croux 1993). Falling is no spike. What was not accepted leaves no trace in
/// the statistics. A value: the same steps give the same decisions wherever and whenever they are judged.
package struct AnomalyDetector: Sendable, Equatable, Codable {
  /// Of the last accepted steps, oldest first.
  private var losses: [Double] = []
  private var logNorms: [Double] = []

  /// Steps that are remembered.
  package static let window = 100
  /// Accepted steps before which nothing counts as a spike.
  package static let fewest = 20
  /// The smallest deviations, in nats and of the norm's logarithm: on a plateau any step away from it would be a spike, and the norm
  /// grows where a model leaves one.
  static let (lossFloor, normFloor) = (0.05, 0.15)

  /// A detector that has seen nothing.
  package init() {}

  /// What is wrong with a step; nil where nothing is. Changes nothing.
  ///
  /// - Parameters:
  ///   - loss: in nats
  ///   - norm: of the gradient before clipping
  ///   - threshold: the largest z that is no spike; 0 for none that is
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

  /// Adds a step without a finding to the statistics.
  package mutating func accept(loss: Double, norm: Double) {
    losses.append(loss)
    logNorms.append(Self.log(norm))
    if losses.count > Self.window {
      losses.removeFirst()
      logNorms.removeFirst()
    }
  }

  /// What is wrong with a step.
  package struct Finding: Sendable, Equatable {
    /// In which way.
    package enum Kind: String, Sendable, Codable, CaseIterable {
      case notANumber = "nan"
      case infinity, spike
    }

    /// Of what.
    package enum Quantity: String, Sendable, Codable, CaseIterable {
      case loss, gradientNorm
    }

    package let kind: Kind
    package let quantity: Quantity
    /// z of a spike.
    package var score: Double? = nil
  }

  /// A norm of nothing has a logarithm too.
  private static func log(_ norm: Double) -> Double {
    Foundation.log(max(norm, .leastNormalMagnitude))
  }

  private static func score(_ value: Double, among values: [Double], floor: Double) -> Double {
    let middle = median(values)
    return (value - middle) / max(1.4826 * median(values.map { abs($0 - middle) }), floor)
  }
}
