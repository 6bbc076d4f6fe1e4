import Data
import Files
import Foundation

/// Values as files of JSON; what does not fit is an InputError that names the file and the field.
public enum JSONFile {
  /// The value that the file at `path` holds.
  public static func read<Value: Decodable>(
    _ type: Value.Type, from path: String
  ) throws(InputError) -> Value {
    try decode(type, TextFile.bytes(of: path), path: path)
  }

  /// The value that the file at `path` holds, where fields of some of its parts may be missing: they are those of `defaults`.
  static func read<Value: Decodable>(
    _ type: Value.Type, from path: String, defaults: [String: some Encodable]
  ) throws(InputError) -> Value {
    let bytes = try TextFile.bytes(of: path)
    guard var whole = object(Data(bytes)) else { return try decode(type, bytes, path: path) }
    for (part, value) in defaults {
      guard let found = whole[part] as? [String: Any] else { continue }
      let full = object(Data(encode(value, formatting: []).utf8)) ?? [:]
      whole[part] = full.merging(found) { $1 }
    }
    // What was read as JSON is JSON; if not, the file speaks for itself.
    let merged = try? JSONSerialization.data(withJSONObject: whole)
    return try decode(type, merged.map { [UInt8]($0) } ?? bytes, path: path)
  }

  private static func object(_ data: Data) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
  }

  /// Writes `value` at `path`, synced: keys sorted, a line each, and a line feed at the end.
  @discardableResult
  public static func write(
    _ value: some Encodable, to path: String
  ) throws(InputError) -> FileDigest {
    let text = encode(value, formatting: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return try FileWriter.write(text + "\n", to: path)
  }

  static func encode(
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

  static func decode<Value: Decodable>(
    _ type: Value.Type, _ bytes: [UInt8], path: String, part: String = ""
  ) throws(InputError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw InputError(part + sentence(error), path: path, line: line(error))
    } catch {
      throw InputError("\(part)cannot be read as JSON: \(error)", path: path)
    }
  }

  /// Where the text is no JSON, as the parser says it: "Unexpected character around line 3, column 5".
  private static func line(_ error: DecodingError) -> Int? {
    guard case .dataCorrupted(let context) = error, let cause = context.underlyingError else {
      return nil
    }
    return "\(cause)".firstMatch(of: /around line (\d+)/).flatMap { Int($0.1) }
  }

  /// What a value of `type` is in JSON.
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
  private static func choice(_ sentence: String) -> String {
    guard
      let match = sentence.wholeMatch(
        of: /Cannot initialize (\w+) from invalid \w+ value (.*)/.dotMatchesNewlines())
    else { return sentence }
    let known: [String: [String]] = [
      "Transformation": Transformation.allCases.map(\.rawValue),
      "Kind": FineTunedTask.Kind.allCases.map(\.rawValue),
      "Metric": Metric.allCases.map(\.rawValue),
    ]
    return "\(String(match.2).reported()) is none that this program knows"
      + (known[String(match.1)].map { "; expected one of \($0.joined(separator: ", "))" } ?? "")
  }

  private static func sentence(_ error: DecodingError) -> String {
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
      return "the field \(field(context)) is not valid: \(choice(context.debugDescription))"
    case .dataCorrupted:
      return "is not valid JSON; it may be truncated or in another format"
    @unknown default:
      return "cannot be read as JSON: \(error)"
    }
  }
}
