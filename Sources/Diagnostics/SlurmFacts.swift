import Foundation
import Training

/// The facts about the Slurm job.
package struct SlurmFacts: Sendable, Encodable {
  /// The job's number.
  package var job = ""
  /// Seconds that the job has left; nil without a limit.
  package var secondsLeft: Double?
  /// True if the job is requeued when it is preempted or a node fails; nil if Slurm does not say.
  package var requeues: Bool?
  /// The `--signal` of the batch script; nil if it has none, or if the script cannot be read.
  package var signal: String?

  /// Facts to be filled in.
  package init() {}

  /// The facts about the job of this process; nil outside of a job.
  ///
  /// - Parameter ask: runs a Slurm command and returns its output; nil if it fails
  package static func ask(
    environment: [String: String] = ProcessInfo.processInfo.environment, now: Date = .now,
    ask: ([String]) -> String? = SlurmJob.ask
  ) -> SlurmFacts? {
    guard let job = environment["SLURM_JOB_ID"] else { return nil }
    var facts = SlurmFacts()
    facts.job = job
    facts.secondsLeft =
      SlurmJob.timeLeft(environment: environment, now: now) { job in
        ask(["squeue", "--noheader", "--jobs", job, "--format", "%L"])
      }?.seconds
    let description = ask(["scontrol", "show", "job", job, "--oneliner"]) ?? ""
    facts.requeues = description.firstMatch(of: /\bRequeue=([01])\b/).map { $0.1 == "1" }
    // `-` is standard output. The command fails for a job without a batch script.
    facts.signal = ask(["scontrol", "write", "batch_script", job, "-"]).flatMap(signal)
    return facts
  }

  /// The value of `#SBATCH --signal` in a batch script; the last one counts.
  package static func signal(inScript script: String) -> String? {
    script.split(separator: "\n").reversed().lazy.compactMap {
      $0.firstMatch(of: /^#SBATCH\s+(?:.*\s)?--signal[=\s]\s*([\w:@]+)/).map { String($0.1) }
    }.first
  }
}
