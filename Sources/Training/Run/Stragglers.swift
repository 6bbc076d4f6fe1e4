import Console
import Data
import Dist

/// How long the ranks computed in a step, each for itself, waiting apart.
struct ComputeSpread: Codable, Equatable {
  let secondsComputeMin: Double
  let secondsComputeMedian: Double
  let secondsComputeMax: Double
  /// The lowest of those that took longest.
  let slowestRank: Int

  /// - Parameter seconds: of every rank; not empty
  init(_ seconds: [Double]) {
    secondsComputeMin = seconds.min() ?? 0
    secondsComputeMedian = median(seconds)
    secondsComputeMax = seconds.max() ?? 0
    slowestRank = seconds.firstIndex(of: secondsComputeMax) ?? 0
  }
}

/// Finds the rank that all others wait for, where it is worth that somebody looks after it.
///
/// That is: in each of `blocks` blocks of at least `blockSteps` steps and `blockSeconds` seconds the same rank costs at the median step
/// a `share` of its time, and over all of them at least `deviations` robust deviations of what it costs from step to step. What other
/// programs do to a step now and then, or to another rank each time, is no straggler.
package struct Stragglers {
  /// A look is at so many blocks,
  package static let blocks = 5
  /// each of at least as many steps
  package static let blockSteps = 20
  /// and seconds.
  package static let blockSeconds = 4.0
  /// Steps between two sentences.
  package static let pause = 1_000
  /// The share of a step that a rank costs which is named.
  package static let share = 0.1
  /// Deviations of single steps that it costs at least.
  package static let deviations = 2.0

  /// Steps of a block whose times are kept: enough for a median.
  private static let mostSteps = 100

  private struct Step {
    /// Of each rank.
    let seconds: [Double]
    /// Of the whole step.
    let whole: Double
  }

  private let hosts: [String]
  private let microBatches: [Int]
  /// The ranks that compute.
  private let ranks: [Int]
  private var recent: [[Step]] = []
  private var block: (steps: [Step], count: Int, seconds: Double) = ([], 0, 0)
  private var wait = 0

  /// - Parameters:
  ///   - hosts: of every rank
  ///   - microBatches: that every rank computes in a step: who has more may take longer
  package init(hosts: [String], microBatches: [Int]) {
    precondition(
      hosts.count == microBatches.count, "\(hosts.count) hosts, \(microBatches.count) ranks")
    (self.hosts, self.microBatches) = (hosts, microBatches)
    ranks = microBatches.indices.filter { microBatches[$0] > 0 }
  }

  /// Takes the ranks' seconds of a step; a sentence for the log where a rank has been too slow for a while, at most every `pause` steps.
  ///
  /// - Parameters:
  ///   - seconds: that each rank computed
  ///   - step: seconds of the whole step, communication included
  package mutating func add(_ seconds: [Double], step: Double) -> String? {
    // A step that was passed over tells nothing.
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

  /// The slowest rank and the share of a step that it costs; nil where that is little, not lasting, or noise.
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

  /// The share of a step by which `rank` takes longer than the middle one of the others would for as many micro-batches.
  private func cost(of rank: Int, in step: Step) -> Double {
    let others = ranks.filter { $0 != rank }.map { step.seconds[$0] / Double(microBatches[$0]) }
    return (step.seconds[rank] - median(others) * Double(microBatches[rank])) / step.whole
  }
}
