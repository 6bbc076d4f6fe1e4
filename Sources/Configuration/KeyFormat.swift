import Yams

/// The functions that read and write the values of a key.
struct KeyFormat<Value: Sendable>: Sendable {
  let isText: Bool
  let isNone: @Sendable (Value) -> Bool
  let text: @Sendable (Value) -> String
  let readText: @Sendable (String) -> Value?
  let readScalar: @Sendable (Node.Scalar) -> Value?
  let encode: @Sendable (Value, inout KeyedEncodingContainer<KeyName>, KeyName) throws -> Void
  let decode: @Sendable (KeyedDecodingContainer<KeyName>, KeyName) throws -> Value

  /// The format of the type itself.
  static func plain() -> KeyFormat where Value: KeyValue {
    KeyFormat(
      isText: Value.isText, isNone: { _ in false }, text: { $0.keyText },
      readText: { Value(keyText: $0) }, readScalar: { Value(keyScalar: $0) },
      encode: { try $1.encode($0, forKey: $2) },
      decode: { try $0.decode(Value.self, forKey: $1) })
  }

  /// The format of `Given`, in which `none` means no value.
  static func optional<Given: KeyValue>(none: Given) -> KeyFormat where Value == Given? {
    @Sendable func some(_ value: Given?) -> Value? {
      value.map { $0 == none ? .none : .some($0) }
    }
    return KeyFormat(
      isText: Given.isText, isNone: { $0 == nil }, text: { ($0 ?? none).keyText },
      readText: { some(Given(keyText: $0)) }, readScalar: { some(Given(keyScalar: $0)) },
      encode: { try $1.encode($0 ?? none, forKey: $2) },
      decode: {
        let value = try $0.decode(Given.self, forKey: $1)
        return value == none ? nil : value
      })
  }
}
