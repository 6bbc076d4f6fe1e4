import Files

/// The element types of the safetensors format that this program knows.
public enum TensorType: String, Codable, Sendable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case uint16 = "U16"
  case int16 = "I16"
  case uint32 = "U32"
  case int32 = "I32"
  case uint64 = "U64"
  case int64 = "I64"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float32 = "F32"
  case float64 = "F64"

  /// Bytes per element.
  public var size: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }
}

/// The JSON at the beginning of a safetensors file.
struct SafetensorsHeader: Codable {
  struct Entry: Codable {
    var dtype: String
    package var shape: [Int]
    var dataOffsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case dataOffsets = "data_offsets"
    }
  }

  struct Name: CodingKey {
    static let metadata = Name(stringValue: "__metadata__")
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The limit of the format, in bytes: the header length of a damaged file must not allocate
  /// memory.
  static let largest = 100_000_000

  var metadata: [String: String]
  var entries: [String: Entry]

  init(metadata: [String: String], entries: [String: Entry]) {
    self.metadata = metadata
    self.entries = entries
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    metadata = try container.decodeIfPresent([String: String].self, forKey: .metadata) ?? [:]
    entries = [:]
    for name in container.allKeys where name.stringValue != Name.metadata.stringValue {
      entries[name.stringValue] = try container.decode(Entry.self, forKey: name)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    if !metadata.isEmpty { try container.encode(metadata, forKey: .metadata) }
    for (name, entry) in entries { try container.encode(entry, forKey: Name(stringValue: name)) }
  }

  /// The length and the JSON, padded with spaces so that the tensors begin at a multiple of 8.
  var text: (length: UInt64, json: String) {
    var json = JSONFile.encode(self, formatting: [.sortedKeys, .withoutEscapingSlashes])
    json += String(repeating: " ", count: (8 - json.utf8.count % 8) % 8)
    return (UInt64(json.utf8.count), json)
  }
}
