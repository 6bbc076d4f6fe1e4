import Foundation

/// The time limit of the Slurm job in which this process runs.
package enum SlurmJob {
  /// The time that the job has left; nil outside a job, in a job without a limit, or if Slurm does not answer.
  ///
  /// Slurm 23.02 and later set `SLURM_JOB_END_TIME`; with older versions, `squeue` is asked once. A limit that an administrator changes
  /// later is not noticed.
  ///
  /// - Parameter askSlurm: returns the time left of a job as `squeue` prints it
  package static func timeLeft(
    environment: [String: String], now: Date, askSlurm: (_ job: String) -> String?
  ) -> Duration? {
    if let end = environment["SLURM_JOB_END_TIME"].flatMap(Double.init) {
      let left = end - now.timeIntervalSince1970
      // A shell may outlive the job whose variables it has, and the end of a job without a limit may be a century away.
      return left > 0 && left < 1e9 ? .seconds(left) : nil
    }
    return environment["SLURM_JOB_ID"].flatMap(askSlurm).flatMap(parse)
  }

  /// Parses `days-hours:minutes:seconds`, where days and hours may be missing; nil for UNLIMITED, INVALID and anything else.
  package static func parse(_ text: String) -> Duration? {
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    let halves = text.split(separator: "-", omittingEmptySubsequences: false)
    let clock = halves.last?.split(separator: ":", omittingEmptySubsequences: false) ?? []
    let parts = (halves.dropLast() + clock).map { Int($0) }
    guard halves.count <= 2, (2...3).contains(clock.count), halves.count == 1 || clock.count == 3
    else { return nil }
    var seconds = 0
    let weights = [86_400, 3_600, 60, 1].suffix(parts.count)
    for (part, weight) in zip(parts, weights) {
      guard let part, (0...100_000).contains(part) else { return nil }
      seconds += part * weight
    }
    return .seconds(seconds)
  }

  /// The answer of `squeue`; nil if there is none within 20 s.
  static func askSqueue(_ job: String) -> String? {
    ask(["squeue", "--noheader", "--jobs", job, "--format", "%L"])
  }

  /// The output of a Slurm command; nil if it fails or does not end within 20 s.
  package static func ask(_ command: [String]) -> String? {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["timeout", "20"] + command
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
      let text = try output.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      return process.terminationStatus == 0 ? String(decoding: text, as: UTF8.self) : nil
    } catch { return nil }
  }
}
