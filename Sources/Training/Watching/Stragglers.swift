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

/// Finds the rank that all others wait for step after step.
package struct Stragglers {
  /// Steps that are looked at together.
  package static let window = 20
  /// Steps between two sentences.
  package static let pause = 200
  /// A rank this much slower than the others is named.
  package static let excess = 0.1

  private let hosts: [String]
  private let leaves: [Int]
  private var recent: [[Double]] = []
  private var wait = 0

  /// - Parameters:
  ///   - hosts: of every rank
  ///   - leaves: that every rank computes in a step: who has more may take longer
  package init(hosts: [String], leaves: [Int]) {
    precondition(hosts.count == leaves.count, "\(hosts.count) hosts, \(leaves.count) ranks")
    (self.hosts, self.leaves) = (hosts, leaves)
  }

  /// Takes the ranks' seconds of a step; a sentence for the log where a rank has been too slow for a while, at most every `pause` steps.
  package mutating func add(_ seconds: [Double]) -> String? {
    // A step that was passed over tells nothing.
    guard seconds.count == hosts.count else { return nil }
    recent.append(seconds)
    if recent.count > Self.window { recent.removeFirst() }
    wait = max(0, wait - 1)
    guard wait == 0, recent.count == Self.window,
      let (rank, share) = Self.slowest(recent, leaves: leaves), share > 1 + Self.excess
    else { return nil }
    wait = Self.pause
    return
      "rank \(rank) on \(hosts[rank]) computes \(format(100 * (share - 1), 0)) % longer a leaf than the "
      + "other ranks (medians of \(Self.window) steps), and all wait for it: is something else running "
      + "there, or is it clocked lower?"
  }

  /// The rank whose median time of a leaf is the largest, and how many times the median of the others' it is; nil for fewer than two
  /// ranks that compute.
  package static func slowest(_ steps: [[Double]], leaves: [Int]) -> (rank: Int, share: Double)? {
    let ranks = leaves.indices.filter { leaves[$0] > 0 }
    let times = ranks.map { rank in
      (rank: rank, seconds: median(steps.map { $0[rank] }) / Double(leaves[rank]))
    }
    guard times.count > 1, let slowest = times.max(by: { $0.seconds < $1.seconds }) else {
      return nil
    }
    let others = median(times.filter { $0.rank != slowest.rank }.map(\.seconds))
    return others > 0 ? (slowest.rank, slowest.seconds / others) : nil
  }
}

extension RunConfig {
  /// The leaves of a step that each of `ranks` computes.
  func leaves(ofEach ranks: Int) -> [Int] {
    (0..<ranks).map { (leaves - $0 + ranks - 1) / ranks }.map { max(0, $0) }
  }
}
