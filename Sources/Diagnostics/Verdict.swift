/// The verdict of `doctor` on one subject.
public struct Verdict: Sendable, Equatable, Codable {
  /// The severity of a verdict.
  public enum Level: String, Sendable, Codable, Comparable, CaseIterable {
    /// Nothing has to be done.
    case ok
    /// A run would be slow, or its result could not be reproduced.
    case warning
    /// A run would fail, or compute wrong results.
    case problem

    /// Orders levels by their severity.
    public static func < (one: Level, other: Level) -> Bool {
      one.rank < other.rank
    }

    private var rank: Int { Level.allCases.firstIndex(of: self) ?? 0 }
  }

  /// The subject of a verdict.
  public enum Subject: String, Sendable, Codable, CaseIterable {
    case launch, threads, machines, products, kernels, program, clocks, load, memory, system
    case output, data, shares, links, reduction, speed, slurm
  }

  /// The subject.
  public let subject: Subject
  /// The severity.
  public let level: Level
  /// The finding, a sentence without its full stop.
  public let finding: String
  /// The remedy; nil if nothing has to be done.
  public let remedy: String?

  /// A verdict that nothing has to be done.
  static func ok(_ subject: Subject, _ finding: String) -> Verdict {
    Verdict(subject: subject, level: .ok, finding: finding, remedy: nil)
  }

  static func warning(_ subject: Subject, _ finding: String, _ remedy: String) -> Verdict {
    Verdict(subject: subject, level: .warning, finding: finding, remedy: remedy)
  }

  static func problem(_ subject: Subject, _ finding: String, _ remedy: String) -> Verdict {
    Verdict(subject: subject, level: .problem, finding: finding, remedy: remedy)
  }
}
