import Files
import Yams

/// The keys of a YAML mapping with their values and lines; values are converted when they are read.
struct YAMLFields {
  package let path: String
  private let keys: [String]
  private var nodes: [String: Node] = [:]
  private var lines: [String: Int] = [:]

  /// Reads a mapping whose keys must be among `keys`.
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

  /// True if the mapping has `key`.
  func has(_ key: String) -> Bool { nodes[key] != nil }

  /// An error about the value of `key`.
  func wrong(_ key: String, _ reason: String) -> InputError {
    InputError("`\(key)`: \(reason)", path: path, line: lines[key])
  }

  /// An error about a missing key.
  func missing(_ key: String, _ what: String) -> InputError {
    InputError("`\(key)` is missing: \(what)", path: path)
  }

  /// The text at `key`, or nil.
  func string(_ key: String) throws(InputError) -> String? {
    guard let node = nodes[key] else { return nil }
    guard let text = node.scalar?.string, !text.isEmpty else {
      throw wrong(key, "expected one value")
    }
    return text
  }

  /// The value at `key`, converted by `convert`, or nil; `expected` describes the accepted values in an error.
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

  /// The enumeration case that the value of `key` names, or nil.
  func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String, _ type: Choice.Type
  ) throws(InputError) -> Choice? {
    guard let name = try string(key) else { return nil }
    return try choice(name, of: key, type)
  }

  /// The enumeration case with the name `name`, which is a value of `key`.
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

  /// The texts at `key`, a single value or a list; nil if the key is missing.
  func strings(_ key: String) throws(InputError) -> [String]? {
    try groups(key)?.map { group throws(InputError) in
      guard group.count == 1 else { throw wrong(key, "expected a list of single values") }
      return group[0]
    }
  }

  /// The lists of texts at `key`, where a single value stands for a list of one; nil if the key is missing.
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

  /// The mapping at `key`, whose keys must be among `keys`, or nil.
  func fields(_ key: String, keys: [String]) throws(InputError) -> YAMLFields? {
    guard let node = nodes[key] else { return nil }
    guard let mapping = node.mapping else {
      throw wrong(
        key, "expected lines of `key: value` below it, with \(keys.joined(separator: ", "))")
    }
    return try YAMLFields(mapping, path: path, keys: keys)
  }
}
