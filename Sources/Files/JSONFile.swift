import Foundation

/// Values as files of JSON; what does not fit is an InputError that names the file and the field.
public enum JSONFile {
  /// Writes `value` at `path`, synced: keys sorted, a line each, and a line feed at the end.
  @discardableResult
  public static func write(
    _ value: some Encodable, to path: String
  ) throws(InputError) -> FileDigest {
    let text = encode(value, formatting: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return try FileWriter.write(text + "\n", to: path)
  }

  package static func encode(
    _ value: some Encodable, formatting: JSONEncoder.OutputFormatting
  ) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      preconditionFailure("a value that is no JSON: \(error)")
    }
  }

  /// The value that `bytes` stand for.
  ///
  /// - Parameters:
  ///   - path: where they come from
  ///   - part: begins the sentence of an error
  ///   - choices: what values of an enumeration there are, by its name, for the sentence about one that is none
  package static func decode<Value: Decodable>(
    _ type: Value.Type, _ bytes: [UInt8], path: String, part: String = "",
    choices: [String: [String]] = [:]
  ) throws(InputError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw InputError(part + sentence(error, choices), path: path, line: line(error))
    } catch {
      throw InputError("\(part)cannot be read as JSON: \(error)", path: path)
    }
  }

  /// The line of a syntax error, taken from the parser's message: "Unexpected character around line 3, column 5".
  private static func line(_ error: DecodingError) -> Int? {
    guard case .dataCorrupted(let context) = error, let cause = context.underlyingError else {
      return nil
    }
    return "\(cause)".firstMatch(of: /around line (\d+)/).flatMap { Int($0.1) }
  }

  /// The JSON name of a value of `type`.
  private static func words(for type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is any Collection.Type where "\(type)".hasPrefix("Dictionary"): "an object"
    case is any Collection.Type: "a list"
    default: "what is expected there"
    }
  }

  /// The library's sentence on a value that is none of an enumeration's, in words and with those that are.
  private static func choice(
    _ sentence: String, _ known: [String: [String]]
  ) -> String {
    guard
      let match = sentence.wholeMatch(
        of: /Cannot initialize (\w+) from invalid \w+ value (.*)/.dotMatchesNewlines())
    else { return sentence }
    return "\(String(match.2).reported()) is none that this program knows"
      + (known[String(match.1)].map { "; expected one of \($0.joined(separator: ", "))" } ?? "")
  }

  private static func sentence(
    _ error: DecodingError, _ choices: [String: [String]]
  ) -> String {
    func field(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
      (context.codingPath + [last].compactMap { $0 }).map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "the field \(field(context, key)) is missing"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let place = field(context)
      return "\(place.isEmpty ? "the whole" : "the field \(place)") is not \(words(for: type))"
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      return
        "the field \(field(context)) is not valid: \(choice(context.debugDescription, choices))"
    case .dataCorrupted:
      return "is not valid JSON; it may be truncated or in another format"
    @unknown default:
      return "cannot be read as JSON: \(error)"
    }
  }
}
