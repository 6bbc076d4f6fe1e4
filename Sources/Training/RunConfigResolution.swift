import Data
import Dist
import Files
import Foundation
import Model
import Yams

extension RunConfig {
  /// What a configuration is for, which decides on its keys.
  public enum Kind: Sendable {
    case pretraining, fineTuning

    fileprivate var keys: [CodingKeys] {
      let others: [CodingKeys] =
        switch self {
        case .pretraining:
          [
            .task, .epochs, .examples, .warmUpFraction, .lmCoefficient, .classifierDropout,
            .fromScratch, .transferLayers, .tokenizer,
          ]
        // The examples and the model that the run begins with decide on them.
        case .fineTuning:
          [.steps, .warmUp, .evaluateEvery, .evaluateSequences, .evaluateTasks, .tasksData]
        }
      return CodingKeys.allCases.filter { !others.contains($0) }
    }
  }

  private var kind: Kind { isFineTuning ? .fineTuning : .pretraining }

  /// A run's configuration, by precedence: flag > YAML file > preset.
  ///
  /// - Parameters:
  ///   - flags: values by key, as they stood on the command line
  /// - Throws: for an unknown key, a value of another type, or a run that `problem` refuses
  public static func resolve(
    _ kind: Kind = .pretraining, preset: Preset, yaml path: String? = nil,
    flags: [String: String] = [:]
  ) throws(UsageError) -> RunConfig {
    do {
      let base = kind == .pretraining ? preset.config : preset.fineTuning
      var values = try mapping(try YAMLEncoder().encode(base), path: nil)
      let file = try path.map { try mapping(try read($0), path: $0, keys: kind.keys) } ?? [:]
      values.merge(file) { $1 }
      for (key, value) in flags {
        precondition(CodingKeys(stringValue: key) != nil, "a flag \(key) that is no key")
        values[key] = Node(value)
      }
      let config = try decode(values) { key in
        flags[key] == nil ? file[key].map { (path, $0.mark?.line) } : nil
      }
      if kind == .fineTuning, !config.isFineTuning {
        throw InputError("fine-tuning needs a task: give --task; `gpt1-dist tasks` lists them")
      }
      if let problem = config.problem { throw InputError(problem) }
      return config
    } catch { throw UsageError("\(error)") }
  }

  private static func read(_ path: String) throws -> String {
    try TextFile.text(of: path)
  }

  /// - Parameter place: path and line of a key that stands in the file
  private static func decode(
    _ values: [String: Node], place: (_ key: String) -> (path: String?, line: Int?)?
  ) throws -> RunConfig {
    do {
      let pairs = values.map { (Node($0.key), $0.value) }
      return try YAMLDecoder().decode(RunConfig.self, from: Node(pairs))
    } catch let error as DecodingError {
      let (key, reason) = describe(error, values)
      let place = place(key)
      throw InputError(reason, path: place?.path, line: place?.line)
    }
  }

  /// The YAML that `resolve` reads back to the same value.
  public var yaml: String {
    get throws {
      let values = try values
      let pairs = kind.keys.compactMap { key in
        values[key.rawValue].map { (Node(key.rawValue), $0) }
      }
      return try Yams.serialize(node: Node(pairs))
    }
  }

  /// The configuration in a run directory's `config.yaml`, of either kind.
  static func read(run yaml: String) throws -> RunConfig {
    let isFineTuning = try mapping(try read(yaml), path: yaml)[CodingKeys.task.rawValue] != nil
    return try resolve(isFineTuning ? .fineTuning : .pretraining, preset: .gpt1, yaml: yaml)
  }

  /// Every value by its key. Yams writes 6.25e-05 in 17 digits; here numbers have as many as it takes to read them back.
  private var values: [String: Node] {
    get throws {
      try RunConfig.mapping(try YAMLEncoder().encode(self), path: nil).mapValues { node in
        guard let scalar = node.scalar, scalar.style == .plain, scalar.string.contains("e"),
          scalar.string.allSatisfy("0123456789.e+-".contains), let number = Double(scalar.string)
        else { return node }
        return Node("\(number)")
      }
    }
  }

  /// Every key with its value as it stands in the YAML, in the order of `CodingKeys`.
  var entries: [String] {
    get throws {
      let values = try values
      return CodingKeys.allCases.map { "\($0.rawValue): \(values[$0.rawValue]?.string ?? "")" }
    }
  }

  /// The keys and values of a YAML text, the keys known.
  private static func mapping(
    _ text: String, path: String?, keys: [CodingKeys] = CodingKeys.allCases
  ) throws -> [String: Node] {
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch let error as YamlError {
      throw InputError(
        "is not YAML: \("\(error)".split(separator: "\n").joined(separator: " "))", path: path)
    }
    guard let node else { return [:] }
    guard case .mapping(let mapping) = node else {
      throw InputError("expected lines of `key: value`", path: path, line: node.mark?.line)
    }
    var values: [String: Node] = [:]
    for (key, value) in mapping {
      let name = key.string ?? ""
      guard let known = CodingKeys(stringValue: name), keys.contains(known) else {
        throw InputError(
          "unknown key `\(name)`; the keys are "
            + keys.map(\.rawValue).joined(separator: ", "),
          path: path, line: key.mark?.line)
      }
      values[name] = value
    }
    return values
  }

  /// The key at fault, and what is wrong with its value.
  private static func describe(
    _ error: DecodingError, _ values: [String: Node]
  ) -> (key: String, reason: String) {
    switch error {
    case .typeMismatch(let type, let context):
      let scalar = "\(type)".contains("Scalar")
      return describe(context, scalar ? "one value" : "a value of type \(type)", values)
    case .dataCorrupted(let context), .valueNotFound(_, let context):
      return describe(context, "another value", values)
    case .keyNotFound(let key, _):
      return (key.stringValue, "`\(key.stringValue)` is missing")
    @unknown default: return ("", "\(error)")
    }
  }

  private static func describe(
    _ context: DecodingError.Context, _ expected: String, _ values: [String: Node]
  ) -> (key: String, reason: String) {
    let key = context.codingPath.last?.stringValue ?? ""
    let choices: [String: String] = [
      "schedule": Schedule.allCases.map(\.rawValue).joined(separator: ", "),
      "precision": Precision.allCases.map(\.rawValue).joined(separator: ", "),
      "anomaly": AnomalyPolicy.allCases.map(\.rawValue).joined(separator: ", "),
      "on-checkpoint-failure": CheckpointFailurePolicy.allCases.map(\.rawValue)
        .joined(separator: ", "),
      "reduce": ReductionStrategy.allCases.map(\.rawValue).joined(separator: ", "),
      "wire": WireFormat.allCases.map(\.rawValue).joined(separator: ", "),
    ]
    let found = values[key]?.string.map { "`\($0)`" } ?? "a list or a mapping"
    return (
      key,
      "`\(key)` cannot be \(found): expected \(choices[key].map { "one of \($0)" } ?? expected)"
    )
  }
}
