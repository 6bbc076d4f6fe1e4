import Yams

/// A type that the values of a configuration's keys can have: it reads and writes itself on a command line, in YAML and in JSON.
package protocol KeyValue: Sendable, Equatable, Codable {
  /// Completes "expected …" where a text cannot be read.
  static var expected: String { get }
  /// Stands for the value in help.
  static var placeholder: String { get }
  /// The texts that can be read, where there are only a few.
  static var choices: [String] { get }
  /// True if YAML must quote a value that looks like a number.
  static var isText: Bool { get }

  /// The value of a command line's word; nil where it is none.
  init?(keyText: String)
  /// The value of a scalar of YAML; nil where it is none.
  init?(keyScalar: Node.Scalar)
  /// The text from which `init(keyText:)` makes the same value.
  var keyText: String { get }
}

extension KeyValue {
  package static var choices: [String] { [] }
  package static var isText: Bool { true }
  package init?(keyScalar: Node.Scalar) { self.init(keyText: keyScalar.string) }
}

extension Int: KeyValue {
  package static var expected: String { "a whole number" }
  package static var placeholder: String { "number" }
  package static var isText: Bool { false }
  package init?(keyText: String) { self.init(keyText) }
  package init?(keyScalar: Node.Scalar) {
    guard let value = Int.construct(from: keyScalar) else { return nil }
    self = value
  }
  package var keyText: String { "\(self)" }
}

extension UInt64: KeyValue {
  package static var expected: String { "a whole number from 0 to \(UInt64.max)" }
  package static var placeholder: String { "number" }
  package static var isText: Bool { false }
  package init?(keyText: String) { self.init(keyText) }
  package init?(keyScalar: Node.Scalar) {
    guard let value = UInt64.construct(from: keyScalar) else { return nil }
    self = value
  }
  package var keyText: String { "\(self)" }
}

/// With as many digits as it takes to read the number back: 6.25e-05, where Yams writes 17.
extension Double: KeyValue {
  package static var expected: String { "a number" }
  package static var placeholder: String { "number" }
  package static var isText: Bool { false }
  package init?(keyText: String) { self.init(keyText) }
  package init?(keyScalar: Node.Scalar) {
    guard let value = Double.construct(from: keyScalar) else { return nil }
    self = value
  }
  package var keyText: String { "\(self)" }
}

extension Bool: KeyValue {
  package static var expected: String { "true or false" }
  package static var placeholder: String { "" }
  package static var choices: [String] { ["true", "false"] }
  package static var isText: Bool { false }
  package init?(keyText: String) { self.init(keyText) }
  package init?(keyScalar: Node.Scalar) {
    guard let value = Bool.construct(from: keyScalar) else { return nil }
    self = value
  }
  package var keyText: String { "\(self)" }
}

extension String: KeyValue {
  package static var expected: String { "one value" }
  package static var placeholder: String { "text" }
  package init?(keyText: String) { self = keyText }
  package var keyText: String { self }
}

/// A value that is one of a few words.
package protocol KeyChoice: KeyValue, CaseIterable, RawRepresentable<String> {}

extension KeyChoice {
  package static var expected: String { "one of \(choices.joined(separator: ", "))" }
  package static var placeholder: String { "name" }
  package static var choices: [String] { allCases.map(\.rawValue) }
  package init?(keyText: String) { self.init(rawValue: keyText) }
  package var keyText: String { rawValue }
}
