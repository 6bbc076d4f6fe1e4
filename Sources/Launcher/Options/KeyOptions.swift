import ArgumentParser
import Configuration
import Training

/// A subcommand with flags for keys of the configuration.
package protocol KeyedCommand: ParsableCommand {
  /// The kind of run that its help describes; nil for both.
  static var kind: RunConfig.Kind? { get }
  /// True if the command has a flag for the key.
  static func takes(_ key: KeyInfo) -> Bool
  /// Shown in help instead of the key's default; nil for the default.
  static func missing(_ key: KeyInfo) -> String?
  /// The values with which the command works, by key, as written in YAML.
  func values(ranks: Int) throws -> [String: String]
}

extension KeyedCommand {
  package static func missing(_ key: KeyInfo) -> String? { nil }

  /// The keys that it has flags for.
  package static var keys: [any ConfigKey] { RunConfig.keys.filter { takes($0.info) } }
}

/// The flags of a command's keys, under the headings of their groups. A new key gets its flag without a change here.
struct KeyOptions<Command: KeyedCommand>: ParsableArguments {
  @OptionGroup(title: KeyInfo.Group.model.rawValue) var model: KeyFlags<Command, ModelFlags>
  @OptionGroup(title: KeyInfo.Group.data.rawValue) var data: KeyFlags<Command, DataFlags>
  @OptionGroup(title: KeyInfo.Group.optimizer.rawValue)
  var optimizer: KeyFlags<Command, OptimizerFlags>
  @OptionGroup(title: KeyInfo.Group.checkpoints.rawValue)
  var checkpoints: KeyFlags<Command, CheckpointFlags>
  @OptionGroup(title: KeyInfo.Group.cluster.rawValue) var cluster: KeyFlags<Command, ClusterFlags>
  @OptionGroup(title: KeyInfo.Group.output.rawValue) var output: KeyFlags<Command, OutputFlags>

  /// The flags that were given, by key, as they stood on the command line.
  var given: [String: String] {
    [
      model.given, data.given, optimizer.given, checkpoints.given, cluster.given, output.given,
    ].reduce(into: [:]) { $0.merge($1) { $1 } }
  }

  /// A sentence about a flag's value that is outside its range; nil if there is none.
  var problem: String? {
    var config = RunConfig()
    for (name, text) in given { _ = RunConfig.key(name)?.read(text, into: &config) }
    return Command.keys.lazy.compactMap { $0.problem(of: config) }.first
  }

  /// The value of a flag; nil if it was not given.
  func value<Value>(_ key: KeyPath<RunConfig.Keys, Key<Value>>) -> Value? {
    let key = RunConfig.table[keyPath: key]
    return given[key.name].flatMap { key.value($0) }
  }
}

/// A group of keys as a type, since an option group of the parser is one.
protocol FlagGroup {
  static var group: KeyInfo.Group { get }
}

enum ModelFlags: FlagGroup { static let group = KeyInfo.Group.model }
enum DataFlags: FlagGroup { static let group = KeyInfo.Group.data }
enum OptimizerFlags: FlagGroup { static let group = KeyInfo.Group.optimizer }
enum CheckpointFlags: FlagGroup { static let group = KeyInfo.Group.checkpoints }
enum ClusterFlags: FlagGroup { static let group = KeyInfo.Group.cluster }
enum OutputFlags: FlagGroup { static let group = KeyInfo.Group.output }

/// The flags of a command's keys of one group, made from their declarations.
///
/// The parser finds the options of a type by its mirror and reads their values back by the mirror's labels; here both are the keys.
struct KeyFlags<Command: KeyedCommand, Group: FlagGroup>: ParsableArguments, CustomReflectable {
  /// The flags that were given, by key, as they stood on the command line.
  private(set) var given: [String: String] = [:]

  private static var keys: [any ConfigKey] {
    Command.keys.filter { $0.info.group == Group.group }
  }

  init() {}

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: KeyName.self)
    for key in Self.keys {
      let name = KeyName(stringValue: key.name)
      if key.info.isFlag {
        let isGiven = try values.decode(Flag<Bool>.self, forKey: name).wrappedValue
        if isGiven { given[key.name] = true.keyText }
      } else if let text = try values.decode(Option<String?>.self, forKey: name).wrappedValue {
        given[key.name] = text
      }
    }
  }

  var customMirror: Mirror {
    Mirror(self, children: Self.keys.map { (label: $0.name, value: Self.option($0)) })
  }

  private static func option(_ key: any ConfigKey) -> Any {
    let info = key.info
    let name = NameSpecification.customLong(info.name)
    let text = key.summary(Command.kind, default: Command.missing(info))
    if info.isFlag { return Flag(wrappedValue: false, name: name, help: ArgumentHelp(text)) }
    return Option<String?>(
      name: name, help: ArgumentHelp(text, valueName: info.placeholder),
      completion: info.choices.isEmpty ? nil : .list(info.choices)
    ) { word in
      var config = RunConfig()
      guard key.read(word, into: &config) else {
        throw ValidationError(info.refusal(of: word))
      }
      return word
    }
  }
}
