import Data
import Files
import Yams

extension RunConfig {
  /// A run's configuration, by precedence: flag > YAML file > preset.
  ///
  /// - Parameters:
  ///   - preset: the preset that a flag names; nil for the file's, or else the paper's
  ///   - flags: values by key, as given on the command line
  /// - Throws: for an unknown key, a value of the wrong type, or a run that `problem` refuses
  public static func resolve(
    _ kind: Kind = .pretraining, preset: Preset? = nil, yaml path: String? = nil,
    flags: [String: String] = [:]
  ) throws(UsageError) -> RunConfig {
    do {
      var file = try path.map { try ConfigFile($0, kind) }
      let named = try file?.takePreset()
      var config = (preset ?? named ?? .gpt1).config(kind)
      for name in flags.keys { precondition(key(name) != nil, "a flag \(name) that is no key") }
      for key in keys {
        if let text = flags[key.name] {
          guard key.read(text, into: &config) else { throw key.refusal(of: text, path: nil) }
        } else {
          try file?.read(key, into: &config)
        }
      }
      try config.check(kind, file, flags)
      return config
    } catch { throw UsageError("\(error)") }
  }

  /// Throws if the run is impossible; adds the task's name to the default run directory of fine-tuning.
  private mutating func check(
    _ kind: Kind, _ file: ConfigFile?, _ flags: [String: String]
  ) throws(InputError) {
    if kind == .fineTuning {
      guard let task = self.task else {
        throw InputError("fine-tuning needs a task: give --task; `gpt1-dist tasks` lists them")
      }
      let key = RunConfig.table.out.name
      if flags[key] == nil, file?.has(key) != true {
        self.out += "-" + RunConfig.name(ofTask: task)
      }
    }
    guard let problem else { return }
    // Most problems begin with the name of the key.
    let key = String(problem.prefix { $0 != " " })
    let isFlag = flags[key] != nil
    throw InputError(
      problem, path: isFlag ? nil : file?.path, line: isFlag ? nil : file?.line(of: key))
  }

  /// The task's name, or the name of its file without folders and extension.
  private static func name(ofTask task: String) -> String {
    let name = Path.name(task)
    let ending = [".yaml", ".yml"].first { name.hasSuffix($0) }
    return String(name.dropLast(ending?.count ?? 0)).lowercased()
  }

  /// The configuration in a run directory's `config.yaml`, of either kind.
  package static func read(run yaml: String) throws -> RunConfig {
    let isFineTuning = try ConfigFile(yaml, nil).has(table.task.name)
    return try resolve(isFineTuning ? .fineTuning : .pretraining, preset: .gpt1, yaml: yaml)
  }

  /// Returns a copy with other values for some keys, in the form of `scalars`.
  ///
  /// - Parameter path: the file that they are from, for errors
  package func with(_ settings: [String: String], path: String) throws -> RunConfig {
    var config = self
    for (name, value) in settings {
      guard let key = RunConfig.key(name) else {
        throw InputError("unknown key `\(name)`" + ConfigFile.hint(name, nil), path: path)
      }
      guard key.read(value, into: &config) else { throw key.refusal(of: value, path: path) }
    }
    return config
  }
}

// The configuration as text.
extension RunConfig {
  private var kind: Kind { isFineTuning ? .fineTuning : .pretraining }

  /// The keys that apply to this kind of run, given or derived.
  package var decidingKeys: [any ConfigKey] {
    let table = RunConfig.table
    return kind.keys + (isFineTuning ? [table.steps, table.warmUp] : [])
  }

  /// YAML from which `resolve` makes the same value.
  public var yaml: String {
    get throws {
      try Yams.serialize(node: Node(kind.keys.map { (Node($0.name), $0.node(of: self)) }))
    }
  }

  /// Every key's value as written in YAML.
  package var scalars: [String: String] {
    Dictionary(uniqueKeysWithValues: RunConfig.keys.map { ($0.name, $0.text(of: self)) })
  }

  /// `key: value` for every key, in the order of their declaration.
  package var entries: [String] { RunConfig.keys.map { "\($0.name): \($0.text(of: self))" } }
}

extension ConfigKey {
  /// The error about a text that is not a value of the key.
  ///
  /// - Parameters:
  ///   - text: the text; nil for a list or a mapping
  ///   - path: the file that it is from; nil for a command line
  func refusal(of text: String?, path: String?, line: Int? = nil) -> InputError {
    let found = text.map { "`\($0)`" } ?? "a list or a mapping"
    return InputError(
      "`\(name)` cannot be \(found): \(info.refusal(of: text))", path: path, line: line)
  }
}
