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

  /// The keys that have a meaning, given or derived.
  package var decidingKeys: [CodingKeys] {
    kind.keys + (isFineTuning ? [.steps, .warmUp] : [])
  }

  /// The key of a YAML file that names the preset; a flag precedes it.
  private static let presetKey = "preset"

  /// A run's configuration, by precedence: flag > YAML file > preset.
  ///
  /// - Parameters:
  ///   - preset: the flag's; nil for that of the file, or else the paper's
  ///   - flags: values by key, as they stood on the command line
  /// - Throws: for an unknown key, a value of another type, or a run that `problem` refuses
  public static func resolve(
    _ kind: Kind = .pretraining, preset: Preset? = nil, yaml path: String? = nil,
    flags: [String: String] = [:]
  ) throws(UsageError) -> RunConfig {
    do {
      var file = try path.map { try mapping(try read($0), path: $0, kind: kind) } ?? [:]
      let named = try file.removeValue(forKey: presetKey).map { try Preset(yaml: $0, path: path) }
      let preset = preset ?? named ?? .gpt1
      let base = kind == .pretraining ? preset.config : preset.fineTuning
      var values = try mapping(try YAMLEncoder().encode(base), path: nil)
      values.merge(file) { $1 }
      for (key, value) in flags {
        precondition(CodingKeys(stringValue: key) != nil, "a flag \(key) that is no key")
        values[key] = Node(value)
      }
      var config = try decode(values) { key in
        flags[key] == nil ? (path, file[key]?.mark?.line) : nil
      }
      if kind == .fineTuning, !config.isFineTuning {
        throw InputError("fine-tuning needs a task: give --task; `gpt1-dist tasks` lists them")
      }
      if kind == .fineTuning,
        flags[CodingKeys.out.rawValue] ?? file[CodingKeys.out.rawValue]?.string == nil
      {
        config.out += "-" + config.taskName
      }
      if let problem = config.problem {
        // Most begin with the key.
        let key = String(problem.prefix { $0 != " " })
        let isFlag = flags[key] != nil
        throw InputError(
          problem, path: isFlag ? nil : path, line: isFlag ? nil : file[key]?.mark?.line)
      }
      return config
    } catch { throw UsageError("\(error)") }
  }

  /// The task's name, or that of its file without folders and ending.
  private var taskName: String {
    let name = Path.name(task)
    let ending = [".yaml", ".yml"].first { name.hasSuffix($0) }
    return String(name.dropLast(ending?.count ?? 0)).lowercased()
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

  /// This one with other values for some keys, as `scalars` has them.
  ///
  /// - Parameter path: where they stand
  package func with(_ settings: [String: String], path: String) throws -> RunConfig {
    var values = try values
    for (key, value) in settings {
      guard CodingKeys(stringValue: key) != nil else {
        throw InputError("unknown key `\(key)`" + RunConfig.hint(key, nil), path: path)
      }
      values[key] = Node(value)
    }
    return try RunConfig.decode(values) { settings[$0] == nil ? nil : (path, nil) }
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

  /// Every key's value as it stands in the YAML.
  var scalars: [CodingKeys: String] {
    get throws {
      let values = try values
      return Dictionary(
        uniqueKeysWithValues: CodingKeys.allCases.map { ($0, values[$0.rawValue]?.string ?? "") })
    }
  }

  /// Every key with its value as it stands in the YAML, in the order of `CodingKeys`.
  var entries: [String] {
    get throws {
      let scalars = try scalars
      return CodingKeys.allCases.map { "\($0.rawValue): \(scalars[$0] ?? "")" }
    }
  }

  /// The keys and values of a YAML text, the keys known.
  ///
  /// - Parameter kind: what the file is for, which decides on its keys; nil for all of both kinds
  private static func mapping(
    _ text: String, path: String?, kind: Kind? = nil
  ) throws -> [String: Node] {
    let keys = kind?.keys ?? CodingKeys.allCases
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch {
      throw InputError(notYAML: error, path: path)
    }
    guard let node else { return [:] }
    guard case .mapping(let mapping) = node else {
      throw InputError("expected lines of `key: value`", path: path, line: node.mark?.line)
    }
    var values: [String: Node] = [:]
    for (key, value) in mapping {
      let name = key.string ?? ""
      let isKnown =
        CodingKeys(stringValue: name).map(keys.contains) ?? (kind != nil && name == presetKey)
      guard isKnown else {
        throw InputError(
          "unknown key `\(name)`" + hint(name, kind), path: path, line: key.mark?.line)
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw InputError(
          "the key `\(name)` is given twice; remove one", path: path, line: key.mark?.line)
      }
    }
    return values
  }

  /// What an unknown key was probably meant to be, and where the keys are to be found.
  private static func hint(_ name: String, _ kind: Kind?) -> String {
    let keys = (kind?.keys ?? CodingKeys.allCases).map(\.rawValue) + [presetKey]
    let command = kind == .fineTuning ? "finetune" : "pretrain"
    if CodingKeys(stringValue: name) != nil {
      return " for `\(command)`: it belongs to `\(kind == .fineTuning ? "pretrain" : "finetune")`"
    }
    return OptionNames.meant(by: name, among: keys).map { "; did you mean `\($0)`?" }
      ?? "; the keys are the names of the options that `gpt1-dist \(command) --help` lists"
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
    let choices: [String: [String]] = [
      "schedule": Schedule.allCases.map(\.rawValue),
      "precision": Precision.allCases.map(\.rawValue),
      "anomaly": AnomalyPolicy.allCases.map(\.rawValue),
      "on-checkpoint-failure": CheckpointFailurePolicy.allCases.map(\.rawValue),
      "reduce": ReductionStrategy.allCases.map(\.rawValue),
      "wire": WireFormat.allCases.map(\.rawValue),
    ]
    let text = values[key]?.string
    let found = text.map { "`\($0)`" } ?? "a list or a mapping"
    let list = choices[key]
    let meant = text.flatMap { Nearest.name(to: $0, among: list ?? []) }
    return (
      key,
      "`\(key)` cannot be \(found): expected "
        + (list.map { "one of \($0.joined(separator: ", "))" } ?? expected)
        + (meant.map { "; did you mean `\($0)`?" } ?? "")
    )
  }
}

extension RunConfig.Preset {
  /// The one that a YAML file names.
  fileprivate init(yaml node: Node, path: String?) throws {
    let names = RunConfig.Preset.allCases.map(\.rawValue)
    let name = node.string ?? ""
    guard let known = RunConfig.Preset(rawValue: name) else {
      throw InputError(
        "`preset` cannot be `\(name)`: expected one of \(names.joined(separator: ", "))"
          + Nearest.suggestion(for: name, among: names), path: path, line: node.mark?.line)
    }
    self = known
  }
}
