import Console
import Data
import Dist

/// The ranks' computing times in a step, without the time that they waited.
struct ComputeSpread: Codable, Equatable {
  let secondsComputeMin: Double
  let secondsComputeMedian: Double
  let secondsComputeMax: Double
  /// The rank that took longest; the lowest of several.
  let slowestRank: Int

  /// - Parameter seconds: the seconds of every rank; not empty
  init(_ seconds: [Double]) {
    secondsComputeMin = seconds.min() ?? 0
    secondsComputeMedian = median(seconds)
    secondsComputeMax = seconds.max() ?? 0
    slowestRank = seconds.firstIndex(of: secondsComputeMax) ?? 0
  }
}

/// Finds a rank that all others wait for, if it is worth reporting.
///
/// It is worth reporting if in each of `blocks` blocks of at least `blockSteps` steps and `blockSeconds` seconds the same rank costs, in
/// the median, at least a `share` of the step's time, and over all blocks at least `deviations` robust deviations of its cost per step.
/// Delays by other programs that happen now and then, or on a different rank each time, do not make a straggler.
package struct Stragglers {
  /// The number of blocks that are judged together.
  package static let blocks = 5
  /// The least number of steps per block.
  package static let blockSteps = 20
  /// The least number of seconds per block.
  static let blockSeconds = 4.0
  /// The least number of steps between two reports.
  package static let pause = 1_000
  /// The least share of a step's time that a straggler costs.
  package static let share = 0.1
  /// The least cost of a straggler, in deviations of single steps.
  package static let deviations = 2.0

  /// The most steps per block whose times are kept: enough for a median.
  private static let mostSteps = 100

  private struct Step {
    /// The computing time of each rank.
    let seconds: [Double]
    /// The time of the whole step.
    let whole: Double
  }

  private let hosts: [String]
  private let microBatches: [Int]
  /// The ranks that have micro-batches.
  private let ranks: [Int]
  private var recent: [[Step]] = []
  private var block: (steps: [Step], count: Int, seconds: Double) = ([], 0, 0)
  private var wait = 0

  /// - Parameters:
  ///   - hosts: the host name of every rank
  ///   - microBatches: the number of micro-batches per step of every rank: a rank with more may take longer
  package init(hosts: [String], microBatches: [Int]) {
    precondition(
      hosts.count == microBatches.count, "\(hosts.count) hosts, \(microBatches.count) ranks")
    (self.hosts, self.microBatches) = (hosts, microBatches)
    ranks = microBatches.indices.filter { microBatches[$0] > 0 }
  }

  /// Adds the times of a step; returns a sentence for the log if a rank has been too slow for a while, at most every `pause` steps.
  ///
  /// - Parameters:
  ///   - seconds: the computing time of each rank
  ///   - step: the time of the whole step, with communication, in seconds
  package mutating func add(_ seconds: [Double], step: Double) -> String? {
    // A skipped step has no times.
    guard seconds.count == hosts.count, ranks.count > 1 else { return nil }
    wait = max(0, wait - 1)
    let whole = max(step, seconds.max() ?? 0)
    if block.count < Self.mostSteps { block.steps.append(Step(seconds: seconds, whole: whole)) }
    block.count += 1
    block.seconds += whole
    guard block.count >= Self.blockSteps, block.seconds >= Self.blockSeconds else { return nil }
    recent.append(block.steps)
    if recent.count > Self.blocks { recent.removeFirst() }
    block = ([], 0, 0)
    guard wait == 0, recent.count == Self.blocks, let found = straggler() else { return nil }
    wait = Self.pause
    return
      "rank \(found.rank) on \(hosts[found.rank]) takes longer to compute every step than the other ranks, and all "
      + "wait for it: \(format(100 * found.cost, 0)) % of the time of the last "
      + "\(recent.reduce(0) { $0 + $1.count }) steps. Check what else runs on that node, whether its CPUs are clocked "
      + "lower, and how many threads the rank has (gpt1-dist doctor)"
  }

  /// The slowest rank and the share of a step's time that it costs; nil if the cost is small, not lasting, or noise.
  private func straggler() -> (rank: Int, cost: Double)? {
    let all = recent.flatMap { $0 }
    let times = ranks.map { rank in
      (rank: rank, seconds: median(all.map { $0.seconds[rank] / Double(microBatches[rank]) }))
    }
    guard let slowest = times.max(by: { $0.seconds < $1.seconds })?.rank else { return nil }
    let costs = recent.map { $0.map { cost(of: slowest, in: $0) } }
    guard costs.allSatisfy({ median($0) >= Self.share }) else { return nil }
    let middle = median(costs.flatMap { $0 })
    let deviation = 1.4826 * median(costs.flatMap { $0 }.map { abs($0 - middle) })
    return middle >= Self.deviations * deviation ? (slowest, middle) : nil
  }

  /// The share of a step's time by which `rank` takes longer than the median of the other ranks would for as many micro-batches.
  private func cost(of rank: Int, in step: Step) -> Double {
    let others = ranks.filter { $0 != rank }.map { step.seconds[$0] / Double(microBatches[$0]) }
    return (step.seconds[rank] - median(others) * Double(microBatches[rank])) / step.whole
  }
}
