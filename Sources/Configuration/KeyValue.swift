import Yams

/// A type for the values of configuration keys, which can be read and written on a command line, in YAML and in JSON.
package protocol KeyValue: Sendable, Equatable, Codable {
  /// The text after "expected" in an error about a text that is not a value.
  static var expected: String { get }
  /// The name of the value in help.
  static var placeholder: String { get }
  /// The texts of all values, if there are only a few; otherwise empty.
  static var choices: [String] { get }
  /// True if YAML must quote a value that looks like a number.
  static var isText: Bool { get }

  /// The value of a command line's word; nil if it is not a value.
  init?(keyText: String)
  /// The value of a YAML scalar; nil if it is not a value.
  init?(keyScalar: Node.Scalar)
  /// The text from which `init(keyText:)` makes the same value.
  var keyText: String { get }
}

extension KeyValue {
  package static var choices: [String] { [] }
  package static var isText: Bool { true }
  package init?(keyScalar: Node.Scalar) { self.init(keyText: keyScalar.string) }
}

/// A number or a truth value: Swift and Yams read it, and its description reads back as the same value.
package protocol ScalarKeyValue: KeyValue, ScalarConstructible, LosslessStringConvertible {}

extension ScalarKeyValue {
  package static var placeholder: String { "number" }
  package static var isText: Bool { false }
  package init?(keyText: String) { self.init(keyText) }
  package init?(keyScalar: Node.Scalar) {
    guard let value = Self.construct(from: keyScalar) else { return nil }
    self = value
  }
  package var keyText: String { description }
}

extension Int: ScalarKeyValue {
  package static var expected: String { "a whole number" }
}

extension UInt64: ScalarKeyValue {
  package static var expected: String { "a whole number from 0 to \(UInt64.max)" }
}

/// Written with the fewest digits that read back as the same number: 6.25e-05. Yams would write 17 digits.
extension Double: ScalarKeyValue {
  package static var expected: String { "a number" }
}

extension Bool: ScalarKeyValue {
  package static var expected: String { "true or false" }
  package static var placeholder: String { "" }
  package static var choices: [String] { ["true", "false"] }
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
