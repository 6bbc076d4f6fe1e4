/// What `doctor` makes of one thing that it looked at.
public struct Verdict: Sendable, Equatable, Codable {
  /// How bad it is.
  public enum Level: String, Sendable, Codable, Comparable, CaseIterable {
    /// As it should be.
    case ok
    /// A run would be slow, or not come out the same again.
    case warning
    /// A run would fail, or be wrong.
    case problem

    /// By how bad they are.
    public static func < (one: Level, other: Level) -> Bool {
      one.rank < other.rank
    }

    private var rank: Int { Level.allCases.firstIndex(of: self) ?? 0 }
  }

  /// What was looked at.
  public enum Subject: String, Sendable, Codable, CaseIterable {
    case launch, threads, machines, products, kernels, program, clocks, load, memory, system
    case output, data, shares, links, reduction, speed, slurm
  }

  /// What was looked at.
  public let subject: Subject
  /// How bad it is.
  public let level: Level
  /// What was found, a sentence without its full stop.
  public let finding: String
  /// What to do; nil where nothing is.
  public let remedy: String?

  /// All is well.
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
