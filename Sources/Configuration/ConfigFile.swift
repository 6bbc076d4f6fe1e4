import Data
import Files
import Tokenization
import Yams

/// The keys and values of a YAML file; all keys are known ones.
struct ConfigFile {
  let path: String
  private var values: [String: Node] = [:]

  /// The key that names the preset; a flag takes precedence over it.
  private static let presetKey = "preset"

  /// Reads the file.
  ///
  /// - Parameter kind: the kind of run that the file configures, which determines its keys; nil for the keys of both kinds
  init(_ path: String, _ kind: RunConfig.Kind?) throws {
    self.path = path
    let text = try TextFile.text(of: path)
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch {
      throw InputError(notYAML: error, path: path)
    }
    guard let node else { return }
    guard case .mapping(let mapping) = node else {
      throw InputError("expected lines of `key: value`", path: path, line: node.mark?.line)
    }
    let names = ConfigFile.names(kind)
    for (key, value) in mapping {
      let name = key.string ?? ""
      guard names.contains(name) else {
        throw InputError(
          "unknown key `\(name)`" + ConfigFile.hint(name, kind), path: path, line: key.mark?.line)
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw InputError(
          "the key `\(name)` is given twice; remove one", path: path, line: key.mark?.line)
      }
    }
  }

  private static func names(_ kind: RunConfig.Kind?) -> [String] {
    (kind?.keys ?? RunConfig.keys).map(\.name) + [presetKey]
  }

  /// The end of an error about an unknown key: the key that was probably meant, or the place that lists the keys.
  static func hint(_ name: String, _ kind: RunConfig.Kind?) -> String {
    let command = (kind ?? .pretraining).command
    if let key = RunConfig.key(name) {
      return " for `\(command)`: it belongs to `\((key.info.kinds.first ?? .pretraining).command)`"
    }
    return OptionNames.meant(by: name, among: names(kind)).map { "; did you mean `\($0)`?" }
      ?? "; the keys are the names of the options that `gpt1-dist \(command) --help` lists"
  }

  func has(_ key: String) -> Bool { values[key] != nil }

  func line(of key: String) -> Int? { values[key]?.mark?.line }

  /// Sets `key` in `config`, if the file has a value for it.
  func read(_ key: any ConfigKey, into config: inout RunConfig) throws {
    guard let node = values[key.name] else { return }
    guard let scalar = node.scalar, key.read(scalar, into: &config) else {
      throw key.refusal(of: node.scalar?.string, path: path, line: node.mark?.line)
    }
  }

  /// Removes and returns the preset that the file names; nil if it names none.
  mutating func takePreset() throws -> RunConfig.Preset? {
    guard let node = values.removeValue(forKey: ConfigFile.presetKey) else { return nil }
    let names = RunConfig.Preset.allCases.map(\.rawValue)
    let name = node.string ?? ""
    guard let known = RunConfig.Preset(rawValue: name) else {
      throw InputError(
        "`preset` cannot be `\(name)`: expected one of \(names.joined(separator: ", "))"
          + Nearest.suggestion(for: name, among: names), path: path, line: node.mark?.line)
    }
    return known
  }
}
