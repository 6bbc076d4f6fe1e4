import Console
import Data
import Dist
import Foundation

/// The report of `doctor`: facts, measurements and verdicts.
public struct DoctorReport: Sendable, Encodable {
  /// All facts and measurements.
  let facts: ClusterFacts
  /// The verdicts on them, in the order of the subjects.
  public let verdicts: [Verdict]

  /// True if a run could be started here and would compute correct results.
  public var isSound: Bool { !verdicts.contains { $0.level == .problem } }

  init(_ facts: ClusterFacts) {
    self.facts = facts
    verdicts = DoctorReport.verdicts(facts)
  }

  /// The verdicts on the facts, which depend on nothing else.
  package static func verdicts(_ facts: ClusterFacts) -> [Verdict] {
    precondition(!facts.ranks.isEmpty, "facts of no rank")
    let all =
      MachineChecks.verdicts(facts) + ProcessorChecks.verdicts(facts)
      + MemoryChecks.verdicts(facts) + StorageChecks.verdicts(facts)
      + SpeedChecks.verdicts(facts) + SlurmChecks.verdicts(facts)
    let order = Verdict.Subject.allCases
    return order.flatMap { subject in all.filter { $0.subject == subject } }
  }
}

extension DoctorReport: CustomStringConvertible {
  /// The nodes, the links between them, and the verdicts.
  public var description: String {
    (facts.nodes.flatMap(lines) + links + [""] + verdicts.flatMap(lines) + ["", conclusion])
      .joined(separator: "\n")
  }

  private func lines(_ node: [RankFacts]) -> [String] {
    let one = node[0]
    let head =
      "\(one.host)  \(one.cpuModel), \(counted(one.nodeCPUs, "CPU")), \(gigabytes(one.limits.machine)), "
      + "\(gigabytes(one.limits.available)) free"
    return [head]
      + node.map { rank in
        "  rank \(rank.rank)  \(counted(rank.threads, "thread")) on "
          + "\(rank.cpus.count == 1 ? "CPU" : "CPUs") \(words(forNumbers: rank.cpus))"
          + (rank.productSeconds.map { seconds in
            "  \(format(facts.run.flopsPerSequence / seconds / 1e9, 0)) GFLOP/s in matrix products"
          } ?? "")
      }
  }

  private var links: [String] {
    facts.links.map { link in
      func name(_ rank: Int) -> String {
        facts.nodes.count > 1
          ? facts.ranks.first { $0.rank == rank }?.host ?? "?" : "rank \(rank)"
      }
      return "\(name(link.first)) to \(name(link.second))  "
        + "\(format(8 * link.bytesPerSecond / 1e9, 2)) Gb/s  "
        + "\(format(link.latencyMicroseconds, 1)) µs"
    }
  }

  private func lines(_ verdict: Verdict) -> [String] {
    let head =
      verdict.level.rawValue.rightPadded(9) + verdict.subject.rawValue.rightPadded(11)
      + verdict.finding
    return [head] + (verdict.remedy.map { [String(repeating: " ", count: 20) + "-> " + $0] } ?? [])
  }

  private var conclusion: String {
    let problems = verdicts.count { $0.level == .problem }
    let warnings = verdicts.count { $0.level == .warning }
    if problems > 0 {
      return "\(counted(problems, "problem")): a run would fail or compute wrong results"
    }
    return warnings > 0
      ? "no problems; \(counted(warnings, "warning"))" : "no problems, no warnings"
  }
}
