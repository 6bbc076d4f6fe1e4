#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The factor on the learning rate (OpenAI's finetune-transformer-lm, opt.py), read at x = (t − 1)/T.
///
/// A schedule is a case with its parameters. Its word, in flags and files, is a name, and after a colon the parameter if it has one.
public enum Schedule: Sendable, Hashable {
  /// Linear warm-up, then (1 + cos(πx))/2.
  case cosine
  /// Linear warm-up, then 1 − x.
  case linear
  /// 1 throughout, after the warm-up.
  case constant
  /// 1 after the warm-up, then a line to 0 over the last share `decay` of the steps, 0 < decay ≤ 1: min(1, (1 − x)/decay) (Hägele et
  /// al. 2024, arXiv:2405.18392).
  case trapezoid(decay: Double)

  /// The factor of step `step` (t, from 1) of `steps` (T), of which the first `warmUp` warm up.
  public func factor(step: Int, steps: Int, warmUp: Int) -> Double {
    let x = Double(step - 1) / Double(steps)
    if warmUp > 0, step - 1 <= warmUp { return Double(step - 1) / Double(warmUp) }
    switch self {
    case .cosine: return 0.5 * (1 + cos(.pi * x))
    case .linear: return 1 - x
    case .constant: return 1
    case .trapezoid(let decay): return min(1, (1 - x) / decay)
    }
  }
}

extension Schedule: RawRepresentable, CaseIterable, Codable {
  /// Every schedule once, with a usual parameter.
  public static let allCases: [Schedule] = [.cosine, .linear, .constant, .trapezoid(decay: 0.2)]

  /// `cosine`, `linear`, `constant`, `trapezoid:0.2`
  public var rawValue: String {
    switch self {
    case .cosine: "cosine"
    case .linear: "linear"
    case .constant: "constant"
    case .trapezoid(let decay): "trapezoid:\(decay)"
    }
  }

  /// The schedule of a word; nil where there is none, or its parameter is missing, superfluous or out of range.
  public init?(rawValue: String) {
    let parts = rawValue.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts[0], parts.count) {
    case ("cosine", 1): self = .cosine
    case ("linear", 1): self = .linear
    case ("constant", 1): self = .constant
    case ("trapezoid", 2):
      guard let decay = Double(parts[1]), decay > 0, decay <= 1 else { return nil }
      self = .trapezoid(decay: decay)
    default: return nil
    }
  }

  /// From its word.
  public init(from decoder: any Swift.Decoder) throws {
    let word = try decoder.singleValueContainer().decode(String.self)
    guard let schedule = Schedule(rawValue: word) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath, debugDescription: "`\(word)` is not a schedule"))
    }
    self = schedule
  }

  /// As its word.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
