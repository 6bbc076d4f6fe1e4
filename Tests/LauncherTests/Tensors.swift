import Foundation
import Testing

/// A safetensors file as a reader of the format's description sees it, not as ours does.
struct Tensors {
  private var data: Data
  private let entries: [String: Entry]
  private let base: Int

  private struct Entry: Decodable {
    let dtype: String
    let shape: [Int]
    let data_offsets: [Int]
  }

  /// The header's values: tensors, and `__metadata__`.
  private struct Header: Decodable {
    var entries: [String: Entry] = [:]

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: Key.self)
      for key in fields.allKeys where key.stringValue != "__metadata__" {
        entries[key.stringValue] = try fields.decode(Entry.self, forKey: key)
      }
    }

    private struct Key: CodingKey {
      let stringValue: String
      let intValue: Int? = nil
      init?(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }
  }

  init(_ data: Data) throws {
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    base = 8 + length
    entries = try JSONDecoder().decode(Header.self, from: data[8..<base]).entries
    self.data = data
  }

  var bytes: Data { data }

  var shapes: [String: [Int]] { entries.mapValues(\.shape) }

  /// All floats of a tensor, or an error where it is missing or of another type.
  func floats(_ name: String) throws -> [Float] {
    let entry = try #require(entries[name])
    try #require(entry.dtype == "F32")
    return stride(from: entry.data_offsets[0], to: entry.data_offsets[1], by: 4).map { offset in
      let bits = data[(base + offset)..<(base + offset + 4)].reversed().reduce(UInt32(0)) {
        $0 << 8 | UInt32($1)
      }
      return Float(bitPattern: bits)
    }
  }

  mutating func set(_ name: String, at index: Int, to value: Float) throws {
    let start = base + (try #require(entries[name])).data_offsets[0] + 4 * index
    for byte in 0..<4 {
      data[start + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * byte))
    }
  }
}
