import Files

/// A JSON text as a tree in which strings are bytes.
///
/// Foundation's parsers return Swift strings, which are equal if they are canonically equivalent: two pieces of a vocabulary would become
/// one. They also silently use the last of two equal keys, and do not report lines.
package indirect enum JSONTree {
  /// The members; each key appears once.
  case object([Member])
  case array([JSONTree])
  case string([UInt8])
  /// The digits as they are written.
  case number([UInt8])
  case bool(Bool)
  case null

  package struct Member {
    let key: [UInt8]
    package let value: JSONTree
  }

  /// Parses the JSON in `bytes`, which are valid UTF-8; an InputError names `path` and the line of an error.
  package init(_ bytes: [UInt8], path: String) throws(InputError) {
    var parser = JSONTreeParser(bytes, path: path)
    self = try parser.whole()
  }

  /// The value of `key`; nil if this is not an object, the key is missing, or its value is null.
  subscript(key: String) -> JSONTree? {
    guard case .object(let members) = self, let value = members[key]?.value else { return nil }
    if case .null = value { return nil }
    return value
  }

  /// The text of a string; nil for other values.
  var text: String? {
    if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  /// The value of a whole number; nil for other values.
  var int: Int? {
    if case .number(let digits) = self { Int(String(decoding: digits, as: UTF8.self)) } else { nil }
  }

  /// The elements of an array; empty for other values.
  var elements: [JSONTree] { if case .array(let elements) = self { elements } else { [] } }

  /// A description for messages: a string, number or flag as written, and the kind of any other value.
  var described: String {
    switch self {
    case .object: "an object"
    case .array: "a list"
    case .string(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
    case .number(let digits): String(decoding: digits, as: UTF8.self)
    case .bool(let value): "\(value)"
    case .null: "null"
    }
  }
}

extension [JSONTree.Member] {
  subscript(key: String) -> JSONTree.Member? {
    first { $0.key.elementsEqual(key.utf8) }
  }
}

/// A parser of the JSON of RFC 8259.
private struct JSONTreeParser {
  private let bytes: [UInt8]
  private let path: String
  private var index = 0

  /// Far more levels than any file of a model has; limits the recursion of the parser.
  private static let deepest = 64

  init(_ bytes: [UInt8], path: String) { (self.bytes, self.path) = (bytes, path) }

  mutating func whole() throws(InputError) -> JSONTree {
    let value = try value(depth: 0)
    guard next() == nil else { throw wrong("expected the end of the file") }
    return value
  }

  private func wrong(_ reason: String) -> InputError {
    let line = 1 + bytes[..<min(index, bytes.count)].count { $0 == UInt8(ascii: "\n") }
    return InputError("is not valid JSON: \(reason)", path: path, line: line)
  }

  /// Returns the next byte that is not white space, without consuming it.
  private mutating func next() -> UInt8? {
    while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    return index < bytes.count ? bytes[index] : nil
  }

  private mutating func expect(_ sign: Unicode.Scalar) throws(InputError) {
    guard next() == UInt8(ascii: sign) else { throw wrong("expected \"\(sign)\"") }
    index += 1
  }

  package mutating func value(depth: Int) throws(InputError) -> JSONTree {
    guard depth < Self.deepest else { throw wrong("values are nested too deeply") }
    switch next() {
    case UInt8(ascii: "{"): return .object(try members(depth))
    case UInt8(ascii: "["): return .array(try elements(depth))
    case UInt8(ascii: "\""): return .string(try string())
    case let sign? where "-0123456789".utf8.contains(sign):
      let digits = bytes[index...].prefix { "+-.0123456789eE".utf8.contains($0) }
      guard Double(String(decoding: digits, as: UTF8.self)) != nil else {
        throw wrong("expected a number")
      }
      index += digits.count
      return .number(Array(digits))
    default: break
    }
    for (word, value) in [("true", JSONTree.bool(true)), ("false", .bool(false)), ("null", .null)]
    where bytes[min(index, bytes.count)...].starts(with: word.utf8) {
      index += word.utf8.count
      return value
    }
    throw wrong("expected a value")
  }

  private mutating func members(_ depth: Int) throws(InputError) -> [JSONTree.Member] {
    var members: [JSONTree.Member] = []
    var keys: Set<[UInt8]> = []
    try expect("{")
    while next() != UInt8(ascii: "}") {
      if !members.isEmpty { try expect(",") }
      let key = try string()
      guard keys.insert(key).inserted else {
        throw wrong("the key \"\(String(decoding: key, as: UTF8.self))\" appears twice")
      }
      try expect(":")
      members.append(JSONTree.Member(key: key, value: try value(depth: depth + 1)))
    }
    index += 1
    return members
  }

  private mutating func elements(_ depth: Int) throws(InputError) -> [JSONTree] {
    var elements: [JSONTree] = []
    try expect("[")
    while next() != UInt8(ascii: "]") {
      if !elements.isEmpty { try expect(",") }
      elements.append(try value(depth: depth + 1))
    }
    index += 1
    return elements
  }

  private mutating func string() throws(InputError) -> [UInt8] {
    try expect("\"")
    var end = index
    defer { index = end }
    do throws(JSONFields.Malformed) { return try JSONString.read(bytes.span, &end) } catch {
      throw wrong(error.reason)
    }
  }
}
