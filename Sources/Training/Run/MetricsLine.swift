import Files
import Foundation
import Preflight

/// A start of a run: its first, or one that resumes it.
package struct RunStart: Codable, Equatable, Sendable {
  /// Steps that were done before.
  package let step: Int
  /// Of rank 0.
  let host: String
  let ranks: Int
  /// Of rank 0.
  let threads: Int
  /// Of rank 0's process.
  let versions: Versions
}

/// From the step after `step` on, what the run was configured with beside its `config.yaml`: keys that decide on figures.
package struct SettingsInForce: Codable, Equatable, Sendable {
  /// The last one that it does not hold for.
  package let step: Int
  /// Values by key, as they stand in the YAML.
  package let settings: [String: String]
}

/// A line of `metrics.jsonl`.
///
/// In the file each has its kind as `type` and the moment at which it was written as `time`; those of older programs have neither.
package enum MetricsLine: Equatable, Sendable {
  case step(StepMetrics)
  case skipped(SkippedStep)
  case evaluation(Evaluation)
  case checkpoint(CheckpointMetrics)
  case settings(SettingsInForce)
  case start(RunStart)

  /// Its `type` in the file.
  package enum Kind: String, Codable, CaseIterable, Sendable {
    case step, skipped, evaluation, checkpoint, settings, start
  }

  /// Which case it is.
  package var kind: Kind {
    switch self {
    case .step: .step
    case .skipped: .skipped
    case .evaluation: .evaluation
    case .checkpoint: .checkpoint
    case .settings: .settings
    case .start: .start
    }
  }

  /// The line of what a step did.
  init(_ record: StepOutcome.Record) {
    switch record {
    case .applied(let metrics): self = .step(metrics)
    case .skipped(let metrics): self = .skipped(metrics)
    }
  }

  private enum CodingKeys: CodingKey {
    case type, time
  }
}

extension MetricsLine: Decodable {
  /// Fields by which lines of older programs, which have no type, are told apart.
  private enum Mark: CodingKey {
    case settings, checkpoint, skipped, loss
  }

  /// Reads a line, also of older programs.
  package init(from decoder: any Decoder) throws {
    let kind = try decoder.container(keyedBy: CodingKeys.self)
      .decodeIfPresent(Kind.self, forKey: .type)
    switch try kind ?? Self.kind(ofOlder: decoder) {
    case .step: self = .step(try StepMetrics(from: decoder))
    case .skipped: self = .skipped(try SkippedStep(from: decoder))
    case .evaluation: self = .evaluation(try Evaluation(from: decoder))
    case .checkpoint: self = .checkpoint(try CheckpointMetrics(from: decoder))
    case .settings: self = .settings(try SettingsInForce(from: decoder))
    case .start: self = .start(try RunStart(from: decoder))
    }
  }

  /// A skipped step had the fields of every step, null where it had no figure, and a mark.
  private static func kind(ofOlder decoder: any Decoder) throws -> Kind {
    let marks = try decoder.container(keyedBy: Mark.self)
    if marks.contains(.settings) { return .settings }
    if marks.contains(.checkpoint) { return .checkpoint }
    guard marks.contains(.loss) else { return .evaluation }
    let isSkipped = try marks.decodeIfPresent(Bool.self, forKey: .skipped) ?? false
    return try isSkipped || marks.decodeNil(forKey: .loss) ? .skipped : .step
  }

  /// The line in `text`.
  package init(_ text: some StringProtocol) throws {
    self = try JSONDecoder().decode(MetricsLine.self, from: Data(text.utf8))
  }
}

extension MetricsLine {
  /// The line as it stands in the file, without its end; NaN and infinity, which JSON does not have, are null.
  ///
  /// - Parameter time: when it was written, in seconds since 1970 UTC; milliseconds are kept
  package func text(at time: Date) throws -> String {
    try JSONLine.text(Timed(line: self, time: time))
  }

  private struct Timed: Encodable {
    let line: MetricsLine
    let time: Date

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(line.kind, forKey: .type)
      try container.encode((time.timeIntervalSince1970 * 1_000).rounded() / 1_000, forKey: .time)
      switch line {
      case .step(let value): try value.encode(to: encoder)
      case .skipped(let value): try value.encode(to: encoder)
      case .evaluation(let value): try value.encode(to: encoder)
      case .checkpoint(let value): try value.encode(to: encoder)
      case .settings(let value): try value.encode(to: encoder)
      case .start(let value): try value.encode(to: encoder)
      }
    }
  }
}

/// Values as lines of JSON.
enum JSONLine {
  /// `value` on one line, keys in their order; NaN and infinity are null.
  static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: noNumber, negativeInfinity: noNumber, nan: noNumber)
    return String(decoding: try encoder.encode(value), as: UTF8.self)
      .replacing("\"\(noNumber)\"", with: "null")
  }

  /// What no other text of a line is.
  private static let noNumber = "(not a number)"
}
