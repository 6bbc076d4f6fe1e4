import Console
import Data
import Dist
import Foundation
import Tokenization

/// The results of the same fine-tuning run with several seeds.
public struct SeedStudy: Sendable, Codable {
  /// A metric over the seeds, of each seed's best model on the development split.
  public struct Spread: Sendable, Codable {
    /// The first of the task's metrics.
    public let metric: Metric
    /// The median over the seeds that have a value.
    public let median: Double
    /// The lowest value.
    public let least: Double
    /// The highest value.
    public let most: Double
    /// The values in the order of the seeds; null for a seed without a value.
    public let values: [Double?]

    /// Nil if no seed has a value.
    init?(_ metric: Metric, _ values: [Double?]) {
      let known = values.compactMap { $0 }
      guard let least = known.min(), let most = known.max() else { return nil }
      (self.metric, self.values, self.least, self.most) = (metric, values, least, most)
      median = Dist.median(known)
    }
  }

  /// The seeds whose runs are finished.
  public let seeds: [UInt64]
  /// The metric that chooses the best model; nil if no seed has a value.
  public let spread: Spread?

  /// - Parameter outcomes: the outcome of every seed's finished run
  public init(_ outcomes: [(seed: UInt64, outcome: TrainingRun.Outcome)]) {
    seeds = outcomes.map(\.seed)
    let scores = outcomes.compactMap(\.outcome.best?.score)
    spread = scores.first.flatMap { first in Spread(first.metric, scores.map(\.value)) }
  }

  /// A summary in one line.
  public var description: String {
    guard let spread else { return "no seed has a metric" }
    return
      "\(spread.metric.rawValue) over \(counted(seeds.count, "seed")): median \(format(spread.median, 4)), "
      + "from \(format(spread.least, 4)) to \(format(spread.most, 4))"
  }
}
