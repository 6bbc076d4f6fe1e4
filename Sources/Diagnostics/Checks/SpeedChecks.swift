import Console
import Data
import Dist

/// Checks the speed of the ranks and of the links between them.
enum SpeedChecks {
  /// A rank is reported if it takes more than this many times as long as the median rank.
  private static let slower = 1.1

  static func verdicts(_ facts: ClusterFacts) -> [Verdict] {
    shares(facts) + speed(facts) + links(facts) + reduction(facts)
  }

  private static func shares(_ facts: ClusterFacts) -> [Verdict] {
    let (ranks, microBatches) = (facts.ranks.count, facts.run.microBatches)
    if let problem = facts.run.sharesProblem {
      return [
        .problem(.shares, problem, "or give up bit-for-bit reproducibility: --reduce allreduce")
      ]
    }
    let shares = MicroBatchShares(count: microBatches, ranks: ranks)
    if shares.areEqual {
      return [
        .ok(
          .shares,
          "\(counted(shares.most, "micro-batch", "micro-batches")) of a step for every rank")
      ]
    }
    let idle = 1 - Double(microBatches) / Double(shares.most * ranks)
    return [
      .warning(
        .shares,
        "\(counted(microBatches, "micro-batch", "micro-batches")) of a step cannot be shared evenly by \(ranks) ranks: they "
          + "would wait \(format(100 * idle, 0)) % of the time",
        "choose --batch and --micro-batch so that their quotient is a multiple of \(ranks)")
    ]
  }

  private static func speed(_ facts: ClusterFacts) -> [Verdict] {
    let measured = facts.ranks.compactMap { rank in
      rank.productSeconds.map { (rank: rank, seconds: $0) }
    }
    guard measured.count == facts.ranks.count, let step = facts.productSecondsPerStep,
      let slowest = measured.max(by: { $0.seconds < $1.seconds })
    else { return [] }
    let middle = median(measured.map(\.seconds))
    let finding = "a step's matrix products alone take \(format(step, 2)) s"
    if slowest.seconds > slower * middle {
      return [
        .warning(
          .speed,
          "\(finding) on rank \(slowest.rank.rank) (\(slowest.rank.host)), "
            + "\(format(100 * (slowest.seconds / middle - 1), 0)) % more than on the median rank",
          "all ranks wait for it: check what else runs there, its number of threads, and whether its CPU is throttled"
        )
      ]
    }
    return [.ok(.speed, finding)]
  }

  private static func links(_ facts: ClusterFacts) -> [Verdict] {
    guard let slowest = facts.links.min(by: { $0.bytesPerSecond < $1.bytesPerSecond }) else {
      return []
    }
    func name(_ rank: Int) -> String {
      let host = facts.ranks.first { $0.rank == rank }?.host
      return facts.nodes.count > 1 ? host ?? "?" : "rank \(rank)"
    }
    let middle = median(facts.links.map(\.bytesPerSecond))
    let ends = "\(name(slowest.first)) to \(name(slowest.second))"
    let finding =
      "\(ends): \(format(8 * slowest.bytesPerSecond / 1e9, 2)) Gb/s, "
      + "\(format(slowest.latencyMicroseconds, 0)) µs"
    if slowest.bytesPerSecond < middle / 2 {
      return [
        .warning(
          .links,
          "\(finding), less than half of the median link's \(format(8 * middle / 1e9, 2)) Gb/s",
          "all ranks wait for the slowest link: check which interface it uses (OMPI_MCA_btl_tcp_if_include)"
        )
      ]
    }
    return [.ok(.links, facts.links.count > 1 ? "the slowest, \(finding)" : finding)]
  }

  private static func reduction(_ facts: ClusterFacts) -> [Verdict] {
    guard let reduction = facts.reduction, let seconds = facts.reductionSecondsPerStep else {
      return []
    }
    let best =
      reduction.chunkBytes == reduction.chunkBytesBest
      ? ""
      : "; calls of \(reduction.chunkBytesBest >> 10) KiB take "
        + "\(format(100 * reduction.secondsBest / reduction.seconds, 0)) % of that"
    let finding =
      "a gradient of \(gigabytes(facts.gradientBytes)) is summed in \(format(seconds, 2)) s, in calls of "
      + "\(reduction.chunkBytes >> 10) KiB\(best)"
    guard let products = facts.productSecondsPerStep, seconds > 0.25 * products else {
      return [.ok(.reduction, finding)]
    }
    return [
      .warning(
        .reduction,
        "\(finding): \(format(100 * seconds / (seconds + products), 0)) % of a step would be communication",
        "give a larger --batch, so that a rank has more micro-batches to compute before each sum")
    ]
  }
}
