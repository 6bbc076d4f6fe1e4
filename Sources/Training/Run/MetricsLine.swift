import Files
import Foundation
import Preflight

/// A start of a run: the first one, or one that resumes it.
package struct RunStart: Codable, Equatable, Sendable {
  /// Steps done before.
  package let step: Int
  /// The host name of rank 0.
  let host: String
  let ranks: Int
  /// The threads of rank 0.
  let threads: Int
  /// The versions in rank 0's process.
  let versions: Versions
}

/// The settings that differ from the run's `config.yaml` from the step after `step` on, without those that affect no figures.
package struct SettingsInForce: Codable, Equatable, Sendable {
  /// The last step before they apply.
  package let step: Int
  /// Values by key, as written in YAML.
  package let settings: [String: String]
}

/// A line of `metrics.jsonl`.
///
/// In the file, each line has its kind as `type` and the time at which it was written as `time`; lines of older programs have neither.
package enum MetricsLine: Equatable, Sendable {
  case step(StepMetrics)
  case skipped(SkippedStep)
  case evaluation(Evaluation)
  case checkpoint(CheckpointMetrics)
  case settings(SettingsInForce)
  case start(RunStart)

  /// The `type` of a line in the file.
  package enum Kind: String, Codable, CaseIterable, Sendable {
    case step, skipped, evaluation, checkpoint, settings, start
  }

  /// The kind of this line.
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

  /// The line for the outcome of a step.
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
  /// Fields that distinguish the lines of older programs, which have no type.
  private enum Mark: CodingKey {
    case settings, checkpoint, skipped, loss
  }

  /// Reads a line, also one of an older program.
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

  /// The kind of a line without a type. A skipped step had the fields of every step, null for a missing figure, and a mark.
  private static func kind(ofOlder decoder: any Decoder) throws -> Kind {
    let marks = try decoder.container(keyedBy: Mark.self)
    if marks.contains(.settings) { return .settings }
    if marks.contains(.checkpoint) { return .checkpoint }
    guard marks.contains(.loss) else { return .evaluation }
    let isSkipped = try marks.decodeIfPresent(Bool.self, forKey: .skipped) ?? false
    return try isSkipped || marks.decodeNil(forKey: .loss) ? .skipped : .step
  }

  /// Parses the text of a line.
  package init(_ text: some StringProtocol) throws {
    self = try JSONDecoder().decode(MetricsLine.self, from: Data(text.utf8))
  }
}

extension MetricsLine {
  /// The text of the line in the file, without the line break; NaN and infinity, which JSON does not have, are null.
  ///
  /// - Parameter time: the time of writing, in seconds since 1970 UTC; milliseconds are kept
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
  /// `value` on one line, with sorted keys; NaN and infinity are null.
  static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: noNumber, negativeInfinity: noNumber, nan: noNumber)
    return String(decoding: try encoder.encode(value), as: UTF8.self)
      .replacing("\"\(noNumber)\"", with: "null")
  }

  /// A text that no value of a line has.
  private static let noNumber = "(not a number)"
}
