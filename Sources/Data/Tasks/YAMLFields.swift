import Files
import Yams

/// The keys of a YAML file with their values and lines, each to be read once by the type that is wanted.
struct YAMLFields {
  package let path: String
  private let keys: [String]
  private var nodes: [String: Node] = [:]
  private var lines: [String: Int] = [:]

  /// Reads a mapping, all of whose keys are among `keys`.
  init(_ text: String, path: String, keys: [String]) throws(InputError) {
    (self.path, self.keys) = (path, keys)
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch {
      throw InputError(notYAML: error, path: path)
    }
    guard let mapping = node?.mapping else {
      throw InputError(
        "expected lines of `key: value`", path: path, line: node?.mark?.line)
    }
    try take(mapping)
  }

  private init(_ mapping: Node.Mapping, path: String, keys: [String]) throws(InputError) {
    (self.path, self.keys) = (path, keys)
    try take(mapping)
  }

  package mutating func take(_ mapping: Node.Mapping) throws(InputError) {
    for (key, value) in mapping {
      let name = key.string ?? ""
      guard keys.contains(name) else {
        throw InputError(
          "unknown key \(name.reported())"
            + Nearest.suggestion(
              for: name, among: keys, otherwise: "; the keys are \(keys.joined(separator: ", "))"),
          path: path, line: key.mark?.line)
      }
      nodes[name] = value
      lines[name] = key.mark?.line
    }
  }

  /// Whether `key` is there.
  func has(_ key: String) -> Bool { nodes[key] != nil }

  /// An error about the value of `key`.
  func wrong(_ key: String, _ reason: String) -> InputError {
    InputError("`\(key)`: \(reason)", path: path, line: lines[key])
  }

  /// An error about a key that is not there.
  func missing(_ key: String, _ what: String) -> InputError {
    InputError("`\(key)` is missing: \(what)", path: path)
  }

  /// The text of `key`, or nil.
  func string(_ key: String) throws(InputError) -> String? {
    guard let node = nodes[key] else { return nil }
    guard let text = node.scalar?.string, !text.isEmpty else {
      throw wrong(key, "expected one value")
    }
    return text
  }

  /// What `key` is read as by `convert`, or nil; `expected` says what that takes.
  package func value<Value>(
    _ key: String, expected: String, _ convert: (Node) -> Value?
  ) throws(InputError) -> Value? {
    guard let node = nodes[key] else { return nil }
    guard let value = convert(node) else {
      let found = node.scalar.map { $0.string.reported() } ?? "a list or a mapping"
      throw wrong(key, "expected \(expected), found \(found)")
    }
    return value
  }

  /// The case of an enumeration that `key` names, or nil.
  func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String, _ type: Choice.Type
  ) throws(InputError) -> Choice? {
    guard let name = try string(key) else { return nil }
    return try choice(name, of: key, type)
  }

  /// The case of an enumeration that `name`, of the value of `key`, is.
  func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ name: String, of key: String, _ type: Choice.Type
  ) throws(InputError) -> Choice {
    guard let value = Choice(rawValue: name) else {
      let all = Choice.allCases.map(\.rawValue)
      throw wrong(
        key,
        "\(name.reported()) is unknown: expected one of \(all.joined(separator: ", "))"
          + Nearest.suggestion(for: name, among: all))
    }
    return value
  }

  /// The texts of `key`: one alone, or a list; nil where it is not there.
  func strings(_ key: String) throws(InputError) -> [String]? {
    try groups(key)?.map { group throws(InputError) in
      guard group.count == 1 else { throw wrong(key, "expected a list of single values") }
      return group[0]
    }
  }

  /// The lists of texts of `key`, in which one alone stands for a list of one.
  func groups(_ key: String) throws(InputError) -> [[String]]? {
    guard let node = nodes[key] else { return nil }
    var groups: [[String]] = []
    for item in node.sequence.map(Array.init) ?? [node] {
      let texts = (item.sequence.map(Array.init) ?? [item]).compactMap(\.scalar?.string)
      guard !texts.isEmpty, texts.count == item.sequence?.count ?? 1, !texts.contains("") else {
        throw wrong(key, "expected a value or a list of values")
      }
      groups.append(texts)
    }
    guard !groups.isEmpty else { throw wrong(key, "the list is empty") }
    return groups
  }

  /// The mapping of `key`, all of whose keys are among `keys`, or nil.
  func fields(_ key: String, keys: [String]) throws(InputError) -> YAMLFields? {
    guard let node = nodes[key] else { return nil }
    guard let mapping = node.mapping else {
      throw wrong(
        key, "expected lines of `key: value` below it, with \(keys.joined(separator: ", "))")
    }
    return try YAMLFields(mapping, path: path, keys: keys)
  }
}
