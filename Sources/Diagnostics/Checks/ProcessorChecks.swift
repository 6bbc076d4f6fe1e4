import Console
import Data
import Dist

/// Checks the CPUs and threads of the ranks, and the load of the nodes by other programs.
enum ProcessorChecks {
  static func verdicts(_ facts: ClusterFacts) -> [Verdict] {
    let found = facts.onEachNode { idle($0) + crowded($0) + overlapping($0) } + uneven(facts)
    let load = facts.onEachNode(busy)
    return
      (found.isEmpty ? [.ok(.threads, "every CPU that a rank may use has one thread")] : found)
      + (load.isEmpty ? [.ok(.load, "no other programs ran on these nodes")] : load)
  }

  /// Warns about CPUs without a thread.
  private static func idle(_ node: [RankFacts]) -> [Verdict] {
    let allowed = min(node[0].nodeCPUs, quota(node) ?? .max)
    let threads = node.reduce(0) { $0 + $1.threads }
    guard threads < allowed else { return [] }
    let bound = Set(node.flatMap(\.cpus)).count < allowed
    return [
      .warning(
        .threads,
        "\(counted(node.count, "rank")) with \(counted(threads, "thread")) in all, and "
          + "\(allowed) CPUs: \(allowed - threads) would be idle",
        bound
          ? "let the ranks use them: mpirun --bind-to none (cluster/launch.sh does), srun "
            + "--cpus-per-task"
          : "give more --threads, or 0 for a fair share")
    ]
  }

  /// Warns about more threads than CPUs.
  private static func crowded(_ node: [RankFacts]) -> [Verdict] {
    let cpus = Set(node.flatMap(\.cpus)).count
    let allowed = min(cpus, quota(node) ?? .max)
    let threads = node.reduce(0) { $0 + $1.threads }
    guard threads > allowed else { return [] }
    return [
      .warning(
        .threads,
        "\(counted(threads, "thread")) of \(counted(node.count, "rank")) on "
          + counted(allowed, "CPU")
          + (allowed < cpus ? " (its control group's limit)" : "") + ": they take turns",
        node.count > allowed
          ? "start at most \(counted(allowed, "rank")) there, or let them use more CPUs (mpirun --bind-to "
            + "none)"
          : "give fewer --threads, or 0 for a fair share")
    ]
  }

  /// Warns about two ranks that may use some of the same CPUs, but not all.
  private static func overlapping(_ node: [RankFacts]) -> [Verdict] {
    for (index, one) in node.enumerated() {
      for other in node[(index + 1)...] where one.cpus != other.cpus {
        let common = Set(one.cpus).intersection(other.cpus).sorted()
        if common.isEmpty { continue }
        return [
          .warning(
            .threads,
            "ranks \(one.rank) and \(other.rank) share CPUs "
              + "\(common.prefix(8).map(String.init).joined(separator: ", ")) and no others: the system "
              + "may put both on the same ones",
            "bind each rank to its own CPUs, or bind none (mpirun --bind-to none)")
        ]
      }
    }
    return []
  }

  /// Warns about ranks with fewer threads, which have as many micro-batches to compute as the others.
  private static func uneven(_ facts: ClusterFacts) -> [Verdict] {
    let sides = facts.sides { counted($0.threads, "thread") }
    if sides.isEmpty { return [] }
    return [
      .warning(
        .threads, "ranks have different numbers of threads: " + sides.joined(separator: ", "),
        "every step waits for the smallest: on each node, start a number of ranks that divides its CPUs"
      )
    ]
  }

  private static func busy(_ node: [RankFacts]) -> [Verdict] {
    let load = node.map(\.load).min() ?? 0
    guard load > max(0.5, 0.1 * Double(node[0].nodeCPUs)) else { return [] }
    return [
      .warning(
        .load,
        "busy before: a load of \(format(load, 0)) on "
          + counted(node[0].nodeCPUs, "CPU"),
        "look for other programs there (top); they slow down every step and distort the figures here"
      )
    ]
  }

  private static func quota(_ node: [RankFacts]) -> Int? { node.compactMap(\.quota).min() }
}
