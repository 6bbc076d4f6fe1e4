import Yams

/// The description of a key. Flags, help, errors and docs/CONFIG.md are made from it.
package struct KeyInfo: Sendable {
  /// A group of keys with one heading in help.
  package enum Group: String, Sendable, CaseIterable {
    case model = "Model"
    case data = "Data"
    case optimizer = "Optimizer"
    case checkpoints = "Checkpoints"
    case cluster = "Cluster"
    case output = "Output"
  }

  /// A text that may be different for fine-tuning.
  package struct Words: Sendable, ExpressibleByStringLiteral {
    let pretraining, fineTuning: String

    package init(stringLiteral text: String) { self.init(text, fineTuning: text) }

    init(_ pretraining: String, fineTuning: String) {
      (self.pretraining, self.fineTuning) = (pretraining, fineTuning)
    }

    /// The text for one kind of run; for nil, a text about both.
    subscript(kind: RunConfig.Kind?) -> String {
      switch kind {
      case .pretraining: pretraining
      case .fineTuning: fineTuning
      case nil where pretraining == fineTuning: pretraining
      case nil:
        "\(pretraining); in fine-tuning, \(fineTuning.prefix(1).lowercased())\(fineTuning.dropFirst())"
      }
    }
  }

  /// The value that means "none" on command lines and in files.
  package struct None: Sendable {
    let text: String
    /// Its meaning in a few words.
    let meaning: String

    /// Shown as the default if the text is empty; nil if there is nothing to show.
    var told: String? { meaning == "none" ? nil : meaning }
  }

  /// The key in YAML, and the flag without its dashes.
  package let name: String
  package let group: Group
  /// The kinds of run that it belongs to.
  package let kinds: [RunConfig.Kind]
  /// One sentence without its full stop.
  let help: Words
  /// The rule for another value when a run resumes.
  package let resumeRule: ResumeRule
  /// True for a flag without a value.
  package let isFlag: Bool
  /// The name of its value in help.
  package let placeholder: String
  /// The text after "expected" in an error.
  let expected: String
  package let choices: [String]
  /// Explanations of some choices in a few words, by choice.
  let meanings: [String: String]
  let range: KeyRange?
  /// The value that means "none"; nil if the key always has a value.
  let none: None?
  /// Shown instead of the default if the default depends on other keys.
  let told: Words?
}

/// A key of a configuration with a value of any type.
package protocol ConfigKey: Sendable {
  var info: KeyInfo { get }

  /// The value as written in YAML and in a flag.
  func text(of config: RunConfig) -> String
  /// The value as a node of YAML.
  func node(of config: RunConfig) -> Node
  /// Sets the key from a flag's text; returns false if the text is not a value.
  func read(_ text: String, into config: inout RunConfig) -> Bool
  /// Sets the key from a YAML file's scalar; returns false if the scalar is not a value.
  func read(_ scalar: Node.Scalar, into config: inout RunConfig) -> Bool
  /// A preset's value as written in YAML.
  func defaultText(_ preset: RunConfig.Preset, _ kind: RunConfig.Kind) -> String
  /// Sets the key to a preset's value.
  func setDefault(_ preset: RunConfig.Preset, _ kind: RunConfig.Kind, in config: inout RunConfig)
  /// A sentence about a value outside the key's range; nil if the value is inside.
  func problem(of config: RunConfig) -> String?

  func encode(
    _ config: RunConfig, to container: inout KeyedEncodingContainer<KeyName>) throws
  /// Reads the key's value; a missing key keeps the value that it has.
  func decode(
    from container: KeyedDecodingContainer<KeyName>, into config: inout RunConfig) throws
}

extension ConfigKey {
  package var name: String { info.name }
}

/// The name of a key as a coding key.
package struct KeyName: CodingKey {
  package let stringValue: String
  package var intValue: Int? { nil }
  package init(stringValue: String) { self.stringValue = stringValue }
  package init?(intValue: Int) { nil }
}

/// A key of a configuration, declared once, in `RunConfig.Keys`.
public struct Key<Value: Sendable & Equatable>: ConfigKey {
  package let info: KeyInfo
  private let format: KeyFormat<Value>
  /// The default of the paper's run.
  let paper: Value
  /// The defaults of other presets that differ from it.
  private let presets: [RunConfig.Preset: Value]
  /// The default of fine-tuning if it differs.
  private let fineTuning: Value?

  /// Creates a key that always has a value.
  ///
  /// - Parameters:
  ///   - help: one sentence without its full stop; choices, bounds and defaults are added
  ///   - value: the default
  ///   - mini: the default of this preset if it is different; likewise `debug` and `fineTuning`
  ///   - told: the default in words, if it depends on other keys
  ///   - meanings: explanations of choices, by choice
  init(
    _ name: String, _ group: KeyInfo.Group, _ help: KeyInfo.Words, _ value: Value,
    mini: Value? = nil, debug: Value? = nil, fineTuning: Value? = nil,
    told: KeyInfo.Words? = nil, in range: KeyRange? = nil, meanings: [String: String] = [:],
    placeholder: String? = nil, for kinds: [RunConfig.Kind] = RunConfig.Kind.allCases,
    resume: ResumeRule
  ) where Value: KeyValue {
    format = .plain()
    info = KeyInfo(
      name: name, group: group, kinds: kinds, help: help, resumeRule: resume,
      isFlag: Value.self == Bool.self, placeholder: placeholder ?? Value.placeholder,
      expected: Value.expected, choices: Value.choices, meanings: meanings, range: range,
      none: nil, told: told)
    paper = value
    presets = [.mini: mini, .debug: debug].compactMapValues { $0 }
    self.fineTuning = fineTuning
  }

  /// Creates a key that may have no value; on command lines and in files, `none` means that.
  ///
  /// - Parameters:
  ///   - value: the default, which may be `none`, like the defaults of presets and of fine-tuning
  ///   - meaning: the meaning of `none` in a few words
  init<Given: KeyValue>(
    _ name: String, _ group: KeyInfo.Group, _ help: KeyInfo.Words, _ value: Given,
    mini: Given? = nil, debug: Given? = nil, fineTuning: Given? = nil, none: Given,
    meaning: String, in range: KeyRange? = nil, placeholder: String? = nil,
    for kinds: [RunConfig.Kind] = RunConfig.Kind.allCases, resume: ResumeRule
  ) where Value == Given? {
    func optional(_ value: Given) -> Given? { value == none ? nil : value }
    format = .optional(none: none)
    let text = none.keyText
    info = KeyInfo(
      name: name, group: group, kinds: kinds, help: help, resumeRule: resume, isFlag: false,
      placeholder: placeholder ?? Given.placeholder, expected: Given.expected,
      choices: Given.choices, meanings: [:], range: range,
      none: .init(
        text: text.hasSuffix(".0") ? String(text.dropLast(2)) : text, meaning: meaning), told: nil)
    paper = optional(value)
    presets = [.mini: mini, .debug: debug].compactMapValues { $0 }.mapValues(optional)
    self.fineTuning = fineTuning.map(optional)
  }

  package func text(of config: RunConfig) -> String { format.text(config[self]) }

  package func node(of config: RunConfig) -> Node {
    let text = text(of: config)
    return format.isText ? .scalar(text.represented()) : Node(text)
  }

  package func read(_ text: String, into config: inout RunConfig) -> Bool {
    set(format.readText(text), in: &config)
  }

  package func read(_ scalar: Node.Scalar, into config: inout RunConfig) -> Bool {
    set(format.readScalar(scalar), in: &config)
  }

  /// The value that a flag's text means; nil if it is not a value.
  package func value(_ text: String) -> Value? { format.readText(text) }

  private func set(_ value: Value?, in config: inout RunConfig) -> Bool {
    guard let value else { return false }
    config[self] = value
    return true
  }

  private func defaultValue(_ preset: RunConfig.Preset, _ kind: RunConfig.Kind) -> Value {
    let value = presets[preset] ?? paper
    return kind == .fineTuning ? fineTuning ?? value : value
  }

  package func defaultText(_ preset: RunConfig.Preset, _ kind: RunConfig.Kind) -> String {
    format.text(defaultValue(preset, kind))
  }

  package func setDefault(
    _ preset: RunConfig.Preset, _ kind: RunConfig.Kind, in config: inout RunConfig
  ) {
    config[self] = defaultValue(preset, kind)
  }

  package func problem(of config: RunConfig) -> String? {
    let value = config[self]
    let text = format.text(value)
    guard !format.isNone(value), let number = Double(text),
      let problem = info.range?.problem(number)
    else { return nil }
    // A number that is not positive may have been meant as "none".
    let none = number > 0 ? "" : info.none.map { ", or \($0.text) for \($0.meaning)" } ?? ""
    return "\(name) is \(text); it must \(problem)\(none)"
  }

  package func encode(
    _ config: RunConfig, to container: inout KeyedEncodingContainer<KeyName>
  ) throws {
    try format.encode(config[self], &container, KeyName(stringValue: name))
  }

  package func decode(
    from container: KeyedDecodingContainer<KeyName>, into config: inout RunConfig
  ) throws {
    let key = KeyName(stringValue: name)
    guard container.contains(key) else { return }
    config[self] = try format.decode(container, key)
  }
}
