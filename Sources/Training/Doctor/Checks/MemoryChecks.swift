/// Whether the machines hold the run, and what the system's limits are.
enum MemoryChecks {
  static func verdicts(_ facts: ClusterFacts) -> [Verdict] {
    let memory = facts.onEachNode { self.memory($0, facts.run) }
    let system = facts.onEachNode { self.system($0, ranks: facts.ranks.count) }
    let fine = Verdict.ok(
      .memory, "a rank takes \(gigabytes(facts.run.bytesPerRank)), and every machine has room")
    return (memory.isEmpty ? [fine] : memory) + system
  }

  private static func memory(_ node: [RankFacts], _ run: ClusterFacts.Run) -> [Verdict] {
    let needed = run.bytesPerRank * node.count
    let limit = node.compactMap(\.memoryLimit).min()
    let all = min(node[0].memory, limit ?? .max)
    let available = node.map(\.memoryAvailable).min() ?? 0
    let finding =
      "\(counted(node.count, "rank")) of \(gigabytes(run.bytesPerRank)) need "
      + gigabytes(needed)
    if needed > all {
      let isLimited = all < node[0].memory
      return [
        .problem(
          .memory,
          "\(finding), but "
            + (isLimited
              ? "the control group allows \(gigabytes(all)) and would kill a rank"
              : "there are \(gigabytes(all))"),
          (isLimited ? "ask for more memory (Slurm's --mem), " : "")
            + "start fewer ranks there, or give --recompute, a smaller --micro-batch or a smaller "
            + "model")
      ]
    }
    if needed > available {
      return [
        .warning(
          .memory,
          "\(finding), but only \(gigabytes(available)) of \(gigabytes(all)) are free now",
          "end other programs there, or start fewer ranks")
      ]
    }
    return []
  }

  private static func system(_ node: [RankFacts], ranks: Int) -> [Verdict] {
    let one = node[0]
    var found: [Verdict] = []
    // A connection to every rank, and some for files and the launcher.
    let files = ranks + 64
    if let limit = node.compactMap(\.openFiles).min(), limit < files {
      found.append(
        .problem(
          .system,
          "a process may open \(limit) files, and \(ranks) ranks need \(files)",
          "raise it: ulimit -n 65536, or LimitNOFILE of the daemon that starts the ranks"))
    }
    if one.hasInfiniBand, let limit = node.compactMap(\.lockedMemory).min() {
      found.append(
        .warning(
          .system, "a process may lock only \(limit >> 10) KiB for InfiniBand",
          "ulimit -l unlimited, or LimitMEMLOCK of the daemon that starts the ranks; MPI may fall back "
            + "to a slower way"))
    }
    if one.largePages == "never" {
      found.append(
        .warning(
          .system, "the system gives no large pages",
          "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled: weights are walked end to end"
        ))
    }
    if let governor = one.governor, ["powersave", "conservative"].contains(governor) {
      found.append(
        .warning(
          .system, "the processor's frequency is chosen by `\(governor)`",
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
          "start a rank or more on each: mpirun --map-by numa --bind-to numa, srun "
            + "--cpu-bind=ldoms"))
    }
    return found
  }
}
