import Dist

/// What all ranks found, and what they measured together. Verdicts are functions of it alone.
package struct ClusterFacts: Sendable, Encodable {
  /// The run that is to be started here.
  package var run = Run()
  /// In the order of the ranks.
  package var ranks: [RankFacts] = []
  /// Of one rank of every machine.
  package var clocks: [ClockOffset] = []
  /// Between machines, or between ranks where there is one machine.
  package var links: [Link] = []
  /// nil on one rank.
  package var reduction: Reduction?
  /// Where the run writes.
  package var output = Output()
  /// nil outside of Slurm.
  package var slurm: SlurmFacts?

  /// As far as it matters here.
  package struct Run: Sendable, Encodable {
    package var preset = "gpt1"
    package var parameters = 0
    package var leaves = 1
    package var sequencesPerLeaf = 1
    /// Floating-point operations of one sequence, forward and backward.
    package var flopsPerSequence = 0.0
    package var keep = 3
    package var reduce = ReductionStrategy.allreduce
    /// Whether products are oneDNN's.
    package var usesOneDNN = false
    /// What a number of ranks that cannot share the leaves is told; nil where they can.
    package var sharesProblem: String?
    package var data = "data"
  }

  /// A gradient summed over the ranks.
  package struct Reduction: Sendable, Encodable {
    /// Bytes that were summed.
    package var bytes = 0
    /// In calls as training makes them, and in the best of several sizes.
    package var seconds, secondsBest: Double
    package var chunkBytes, chunkBytesBest: Int

    package init(
      bytes: Int, seconds: Double, secondsBest: Double, chunkBytes: Int, chunkBytesBest: Int
    ) {
      (self.bytes, self.seconds, self.secondsBest) = (bytes, seconds, secondsBest)
      (self.chunkBytes, self.chunkBytesBest) = (chunkBytes, chunkBytesBest)
    }
  }

  /// The folder of `--out`.
  package struct Output: Sendable, Encodable {
    package var path = "runs/gpt1"
    /// It, or the folder above it that is there already.
    package var folder = "runs"
    /// Why rank 0 cannot write there; nil where it can.
    package var problem: String?
    /// Bytes that are free there; nil where the system does not say.
    package var free: Int?
    /// Files that can still be made there; nil where the system does not say.
    package var inodes: Int?
    /// The largest file that rank 0 may write, in bytes; nil without a limit.
    package var largestFile: Int?
    /// Checkpoints that the run has there already.
    package var checkpoints = 0
  }

  /// All is well on no rank.
  package init() {}

  /// The ranks of every machine, in the order of the machines.
  package var nodes: [[RankFacts]] {
    Dictionary(grouping: ranks, by: \.node).sorted { $0.key < $1.key }.map(\.value)
  }

  /// Bytes of the gradient.
  package var gradientBytes: Int { run.parameters * MemoryLayout<Float>.stride }

  /// Seconds of the matrix products of a step, on the slowest rank; nil where they were not measured.
  package var productSecondsPerStep: Double? {
    let seconds = ranks.compactMap(\.productSeconds)
    guard let slowest = seconds.max(), seconds.count == ranks.count else { return nil }
    let most = MicroBatchShares(count: run.leaves, ranks: ranks.count).most
    return slowest * Double(most * run.sequencesPerLeaf)
  }

  /// Seconds in which the gradient is summed; nil on one rank.
  package var reductionSecondsPerStep: Double? {
    reduction.map { $0.seconds * Double(gradientBytes) / Double($0.bytes) }
  }

  /// Sentences `value: ranks` of everything that is not the same on all ranks; empty where it is.
  package func sides(_ value: (RankFacts) -> String) -> [String] {
    let sides = groups(of: ranks.map { (rank: $0.rank, text: value($0)) })
    return sides.count < 2 ? [] : sides.map { "\($0.text) on \(words(forRanks: $0.ranks))" }
  }

  /// The verdicts of `check` on every machine, whose findings name no host: the same ones together, with the hosts before them.
  package func onEachNode(_ check: ([RankFacts]) -> [Verdict]) -> [Verdict] {
    var found: [(verdict: Verdict, hosts: [String])] = []
    for node in nodes {
      for verdict in check(node) {
        if let index = found.firstIndex(where: { $0.verdict == verdict }) {
          found[index].hosts.append(node[0].host)
        } else {
          found.append((verdict, [node[0].host]))
        }
      }
    }
    return found.map { verdict, hosts in
      let more = hosts.count > 4 ? " and \(hosts.count - 3) more" : ""
      let names = hosts.prefix(more.isEmpty ? 4 : 3).joined(separator: ", ") + more
      return Verdict(
        subject: verdict.subject, level: verdict.level, finding: "\(names): \(verdict.finding)",
        remedy: verdict.remedy)
    }
  }
}
