import Foundation
import Training

/// What Slurm says of the job.
package struct SlurmFacts: Sendable, Encodable {
  /// Its number.
  package var job = ""
  /// Seconds that it has left; nil without a limit.
  package var secondsLeft: Double?
  /// Whether it is queued again when it is preempted or a node fails; nil where Slurm does not say.
  package var requeues: Bool?
  /// What the batch script asks for as `--signal`; nil without that, and where the script cannot be read.
  package var signal: String?

  /// To be filled in.
  package init() {}

  /// Of the job that this process is in; nil outside of one.
  ///
  /// - Parameter ask: runs a command of Slurm's and returns what it prints; nil where it fails
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
    // To standard output. A job without a batch script has none.
    facts.signal = ask(["scontrol", "write", "batch_script", job, "-"]).flatMap(signal)
    return facts
  }

  /// What a batch script's `#SBATCH --signal` asks for; the last one counts.
  package static func signal(inScript script: String) -> String? {
    script.split(separator: "\n").reversed().lazy.compactMap {
      $0.firstMatch(of: /^#SBATCH\s+(?:.*\s)?--signal[=\s]\s*([\w:@]+)/).map { String($0.1) }
    }.first
  }
}
