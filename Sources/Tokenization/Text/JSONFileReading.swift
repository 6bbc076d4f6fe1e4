import Files
import Foundation

extension JSONFile {
  /// Reads a value from the file at `path`.
  public static func read<Value: Decodable>(
    _ type: Value.Type, from path: String, choices: [String: [String]] = [:]
  ) throws(InputError) -> Value {
    try decode(type, TextFile.bytes(of: path), path: path, choices: choices)
  }

  /// Reads a value from the file at `path`; missing fields of the parts in `defaults` are filled in from there.
  package static func read<Value: Decodable>(
    _ type: Value.Type, from path: String, defaults: [String: some Encodable]
  ) throws(InputError) -> Value {
    let bytes = try TextFile.bytes(of: path)
    guard var whole = object(Data(bytes)) else { return try decode(type, bytes, path: path) }
    for (part, value) in defaults {
      guard let found = whole[part] as? [String: Any] else { continue }
      let full = object(Data(encode(value, formatting: []).utf8)) ?? [:]
      whole[part] = full.merging(found) { $1 }
    }
    // The merged object can always be written as JSON; if not, the original file is decoded.
    let merged = try? JSONSerialization.data(withJSONObject: whole)
    return try decode(type, merged.map { [UInt8]($0) } ?? bytes, path: path)
  }

  private static func object(_ data: Data) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
  }
}
