import Console

/// Checks the effect of the Slurm job on a run.
enum SlurmChecks {
  /// The seconds left below which a job is hardly worth starting.
  private static let short = 600.0

  static func verdicts(_ facts: ClusterFacts) -> [Verdict] {
    guard let slurm = facts.slurm else { return [] }
    var found: [Verdict] = []
    if let left = slurm.secondsLeft, left < short {
      found.append(
        .warning(
          .slurm, "job \(slurm.job) ends in \(duration(left))",
          "a run writes a checkpoint and stops before that: ask for more with --time"))
    }
    if slurm.requeues == false {
      found.append(
        .warning(
          .slurm, "job \(slurm.job) is not requeued when it ends early",
          "#SBATCH --requeue, and a script like those in cluster/slurm"))
    }
    if let signal = slurm.signal, facts.ranks.first?.launch.launcher == .mpirun,
      !signal.contains("B:"), facts.nodes.count > 1
    {
      found.append(
        .problem(
          .slurm,
          "the batch script asks for --signal=\(signal), which reaches Open MPI's daemons and ends them",
          "#SBATCH --signal=B:\(signal), and a script that passes it on (cluster/slurm/pretrain.sbatch)"
        )
      )
    }
    let left =
      slurm.secondsLeft.map {
        "ends in \(duration($0)): a run writes a checkpoint and stops before that"
      }
      ?? "has no time limit"
    let signal = slurm.signal.map { ", and is warned by --signal=\($0)" } ?? ""
    return found.isEmpty
      ? [.ok(.slurm, "job \(slurm.job) \(left)\(signal)")]
      : found
  }
}
