import Foundation

/// What the Slurm job that this process runs in says of its end.
package enum SlurmJob {
  /// How long the job has left; nil outside a job, in one without a limit, and where Slurm does not answer.
  ///
  /// Slurm 23.02 and later hand the end down in `SLURM_JOB_END_TIME`; older ones are asked by `squeue`, once. A limit that an
  /// administrator changes later is not noticed.
  ///
  /// - Parameter askSlurm: what `squeue` prints as the time left of a job
  package static func timeLeft(
    environment: [String: String], now: Date, askSlurm: (_ job: String) -> String?
  ) -> Duration? {
    if let end = environment["SLURM_JOB_END_TIME"].flatMap(Double.init) {
      let left = end - now.timeIntervalSince1970
      // A shell may outlive the job whose variables it has, and a job without limit may end in a century.
      return left > 0 && left < 1e9 ? .seconds(left) : nil
    }
    return environment["SLURM_JOB_ID"].flatMap(askSlurm).flatMap(parse)
  }

  /// "days-hours:minutes:seconds" with as few of the first parts as possible; nil for UNLIMITED, INVALID and anything else.
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

  /// `squeue`'s answer; nil where there is none within 20 s.
  static func askSqueue(_ job: String) -> String? {
    ask(["squeue", "--noheader", "--jobs", job, "--format", "%L"])
  }

  /// What a command of Slurm's prints; nil where it fails or has not ended within 20 s.
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
