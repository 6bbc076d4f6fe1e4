import Dist

/// The facts that all ranks collected and measured together. Verdicts depend on nothing else.
package struct ClusterFacts: Sendable, Encodable {
  /// The run that is to be started here.
  package var run = Run()
  /// The facts of every rank, in the order of the ranks.
  package var ranks: [RankFacts] = []
  /// The clock offsets of one rank per node.
  package var clocks: [ClockOffset] = []
  /// The links between nodes, or between ranks if there is only one node.
  package var links: [Link] = []
  /// The sum of a gradient; nil on one rank.
  package var reduction: Reduction?
  /// The folder that the run writes to.
  package var output = Output()
  /// The Slurm job; nil outside of Slurm.
  package var slurm: SlurmFacts?

  /// The properties of the run that verdicts depend on.
  package struct Run: Sendable, Encodable {
    package var preset = "gpt1"
    package var parameters = 0
    package var microBatches = 1
    var sequencesPerMicroBatch = 1
    /// Floating-point operations of one sequence, forward and backward.
    var flopsPerSequence = 0.0
    package var keep = 3
    package var reduce = ReductionStrategy.allreduce
    /// The error if the ranks cannot share the micro-batches; nil if they can.
    package var sharesProblem: String?
    package var data = "data"
  }

  /// A measurement of the sum of a gradient over the ranks.
  package struct Reduction: Sendable, Encodable {
    /// Bytes that were summed.
    package var bytes = 0
    /// The time with the call size of training, and with the best of several sizes.
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
    /// The folder itself, or its nearest parent that exists.
    package var folder = "runs"
    /// The reason why rank 0 cannot write there; nil if it can.
    package var problem: String?
    /// Free bytes there; nil if the system does not report them.
    package var free: Int?
    /// The number of files that can still be created there; nil if the system does not report it.
    package var inodes: Int?
    /// The largest file that rank 0 may write, in bytes; nil without a limit.
    package var largestFile: Int?
    /// The number of checkpoints that the run already has there.
    package var checkpoints = 0
  }

  /// Facts without problems, and without ranks.
  package init() {}

  /// The ranks of every node, in the order of the nodes.
  package var nodes: [[RankFacts]] {
    Dictionary(grouping: ranks, by: \.node).sorted { $0.key < $1.key }.map(\.value)
  }

  /// Bytes of the gradient.
  var gradientBytes: Int { run.parameters * MemoryLayout<Float>.stride }

  /// Seconds of the matrix products of a step, on the slowest rank; nil if they were not measured.
  var productSecondsPerStep: Double? {
    let seconds = ranks.compactMap(\.productSeconds)
    guard let slowest = seconds.max(), seconds.count == ranks.count else { return nil }
    let most = MicroBatchShares(count: run.microBatches, ranks: ranks.count).most
    return slowest * Double(most * run.sequencesPerMicroBatch)
  }

  /// Seconds in which the gradient is summed; nil on one rank.
  var reductionSecondsPerStep: Double? {
    reduction.map { $0.seconds * Double(gradientBytes) / Double($0.bytes) }
  }

  /// `value on ranks` for each different value; empty if the value is the same on all ranks.
  package func sides(_ value: (RankFacts) -> String) -> [String] {
    let sides = groups(of: ranks.map { (rank: $0.rank, text: value($0)) })
    return sides.count < 2 ? [] : sides.map { "\($0.text) on \(words(forRanks: $0.ranks))" }
  }

  /// The verdicts of `check` on every node, whose findings name no host. Equal verdicts become one, with their host names before the
  /// finding.
  func onEachNode(_ check: ([RankFacts]) -> [Verdict]) -> [Verdict] {
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
