import Console
import Data
import Dist
import Foundation
import Tokenization

/// The same fine-tuning with several seeds: what its metrics came to.
public struct SeedStudy: Sendable, Codable {
  /// A metric over the seeds, of each seed's best model on the development split.
  public struct Spread: Sendable, Codable {
    /// The first of the task's.
    public let metric: Metric
    /// Of the seeds that have a value.
    public let median: Double
    /// The lowest.
    public let least: Double
    /// The highest.
    public let most: Double
    /// In the order of the seeds; null where it has no value.
    public let values: [Double?]

    /// Nil where no seed has a value.
    init?(_ metric: Metric, _ values: [Double?]) {
      let known = values.compactMap { $0 }
      guard let least = known.min(), let most = known.max() else { return nil }
      (self.metric, self.values, self.least, self.most) = (metric, values, least, most)
      median = Dist.median(known)
    }
  }

  /// The seeds whose runs are finished.
  public let seeds: [UInt64]
  /// The metric that decides.
  public let spread: Spread?

  /// - Parameter outcomes: of every seed, finished
  public init(_ outcomes: [(seed: UInt64, outcome: TrainingRun.Outcome)]) {
    seeds = outcomes.map(\.seed)
    let scores = outcomes.compactMap(\.outcome.best?.score)
    spread = scores.first.flatMap { first in Spread(first.metric, scores.map(\.value)) }
  }

  /// For people.
  public var description: String {
    guard let spread else { return "no seed has a metric" }
    return
      "\(spread.metric.rawValue) over \(counted(seeds.count, "seed")): median \(format(spread.median, 4)), "
      + "from \(format(spread.least, 4)) to \(format(spread.most, 4))"
  }
}
