import Foundation

/// The value that a text of JSON holds.
public func json<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
  do { return try JSONDecoder().decode(type, from: Data(text.utf8)) } catch {
    throw SupportError("no \(type): \(error); the text is: \(text.prefix(1_000))")
  }
}

/// The value that a file of JSON holds.
public func json<Value: Decodable>(_ type: Value.Type, at path: String) throws -> Value {
  try json(type, from: try text(of: path))
}

/// The values of a text with one of JSON a line.
public func jsonLines<Value: Decodable>(_ type: Value.Type, from text: String) throws -> [Value] {
  try text.split(separator: "\n").map { try json(type, from: String($0)) }
}
