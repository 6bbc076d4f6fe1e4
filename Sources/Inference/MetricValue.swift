import Console
import Data

/// What a metric came to.
public struct MetricValue: Sendable, Codable, Equatable {
  /// Which.
  public var metric: Metric
  /// NaN, where predictions or labels are all the same and it has no value, is null.
  public var value: Double?

  /// - Parameter value: NaN for none
  package init(_ metric: Metric, _ value: Double) {
    self.metric = metric
    self.value = value.isNaN ? nil : value
  }

  /// True if this value is better than `other`. An undefined value is the worst.
  package func isBetter(than other: MetricValue) -> Bool {
    value ?? -.infinity > other.value ?? -.infinity
  }

  /// For people.
  public var description: String {
    "\(metric.rawValue) \(value.map { format($0, 4) } ?? "undefined")"
  }
}
