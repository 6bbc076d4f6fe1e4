import Buffers
import Console
import Preflight

/// Checks that the nodes have enough memory for the run, and the limits of the system.
enum MemoryChecks {
  static func verdicts(_ facts: ClusterFacts) -> [Verdict] {
    let memory = facts.onEachNode(self.memory)
    let system = facts.onEachNode { self.system($0, ranks: facts.ranks.count) }
    let snapshot = facts.ranks.first { $0.rank == 0 }?.need.snapshot ?? 0
    let fine = Verdict.ok(
      .memory,
      "a rank needs \(gigabytes(facts.ranks.map(\.need.bytes).max() ?? 0))"
        + (snapshot > 0 ? ", rank 0 \(gigabytes(snapshot)) more" : "")
        + ", and every node has enough")
    return (memory.isEmpty ? [fine] : memory) + system
  }

  private static func memory(_ node: [RankFacts]) -> [Verdict] {
    let hasRoot = node.contains { $0.rank == 0 }
    let group = node.compactMap(\.limits.group).min { $0.value < $1.value }
    for rank in node {
      var limits = rank.limits
      limits.group = group
      let refusal = MemoryJudge.refusal(
        rank.need, ranks: node.count, hasRoot: hasRoot, isRoot: rank.rank == 0, limits: limits)
      if let refusal { return [.problem(.memory, refusal.finding, refusal.remedy)] }
    }
    let needed = node.map(\.need.bytes).reduce(0, +) + (hasRoot ? node[0].need.snapshot : 0)
    let available = node.map(\.limits.available).min() ?? 0
    guard needed > available else { return [] }
    return [
      .warning(
        .memory,
        "\(counted(node.count, "rank")) need \(gigabytes(needed)), but only \(gigabytes(available)) of "
          + "\(gigabytes(node[0].limits.machine)) are free now",
        "end other programs there, or start fewer ranks")
    ]
  }

  private static func system(_ node: [RankFacts], ranks: Int) -> [Verdict] {
    let one = node[0]
    var found: [Verdict] = []
    // A connection to every rank, and some for files and the launcher.
    let files = ranks + 64
    if let limit = node.compactMap(\.openFiles).min(), limit < files {
      found.append(
        .warning(
          .system,
          "a process may open \(limit) files (\(ProcessLimit.openFiles.text(limit))), and \(counted(ranks, "rank")) may need "
            + "\(files)",
          "raise it: ulimit -n 65536, or LimitNOFILE of the daemon that starts the ranks"))
    }
    if let problem = node.compactMap(\.threadProblem).first {
      let parts = problem.split(separator: ":", maxSplits: 1).map(String.init)
      found.append(
        .problem(.system, parts[0], parts[1].trimmingCharacters(in: .whitespaces)))
    }
    if one.hasInfiniBand, let limit = node.compactMap(\.lockedMemory).min() {
      found.append(
        .warning(
          .system, "a process may lock only \(limit >> 10) KiB for InfiniBand",
          "ulimit -l unlimited, or LimitMEMLOCK of the daemon that starts the ranks; MPI may fall back "
            + "to a slower transport"))
    }
    if one.largePages == "never" {
      found.append(
        .warning(
          .system, "the system provides no huge pages",
          "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled: reading the weights end to end is faster with them"
        ))
    }
    if let governor = one.governor, ["powersave", "conservative"].contains(governor) {
      found.append(
        .warning(
          .system, "the CPU frequency governor is `\(governor)`",
          "cpupower frequency-set -g performance"))
    }
    if let wide = node.first(where: { rank in
      rank.threads > 1 && rank.memories.count { !Set($0).isDisjoint(with: rank.cpus) } > 1
    }) {
      found.append(
        .warning(
          .system,
          "rank \(wide.rank) has \(wide.threads) threads over "
            + "\(wide.memories.count) memories (NUMA nodes)",
          "start at least one rank on each: mpirun --map-by numa --bind-to numa, srun "
            + "--cpu-bind=ldoms"))
    }
    return found
  }
}
