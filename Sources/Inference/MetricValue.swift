import Console
import Data

/// The value of a metric.
public struct MetricValue: Sendable, Codable, Equatable {
  /// The metric.
  public var metric: Metric
  /// The value; nil if it is undefined (NaN), because predictions or labels are all equal.
  public var value: Double?

  /// - Parameter value: the value; NaN if it is undefined
  package init(_ metric: Metric, _ value: Double) {
    self.metric = metric
    self.value = value.isNaN ? nil : value
  }

  /// True if this value is better than `other`. An undefined value is the worst.
  package func isBetter(than other: MetricValue) -> Bool {
    value ?? -.infinity > other.value ?? -.infinity
  }

  /// The value for people: `accuracy 0.9120`.
  public var description: String {
    "\(metric.rawValue) \(value.map { format($0, 4) } ?? "undefined")"
  }
}
