import Foundation

/// A safetensors file as a reader of the format's description sees it, not as ours does.
public struct Tensors {
  private var data: Data
  private let entries: [String: Entry]
  private let base: Int

  private struct Entry: Decodable {
    let dtype: String
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
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

  /// Reads the header; an error where it is no JSON of that form.
  public init(_ data: Data) throws {
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    base = 8 + length
    entries = try JSONDecoder().decode(Header.self, from: data[8..<base]).entries
    self.data = data
  }

  /// The whole file.
  public var bytes: Data { data }

  /// The shapes by name.
  public var shapes: [String: [Int]] { entries.mapValues(\.shape) }

  /// All floats of a tensor, or an error where it is missing or of another type.
  public func floats(_ name: String) throws -> [Float] {
    let entry = try entry(name)
    guard entry.dtype == "F32" else {
      throw SupportError("tensor \(name) is of \(entry.dtype), not F32")
    }
    return stride(from: entry.offsets[0], to: entry.offsets[1], by: 4).map { offset in
      let bits = data[(base + offset)..<(base + offset + 4)].reversed().reduce(UInt32(0)) {
        $0 << 8 | UInt32($1)
      }
      return Float(bitPattern: bits)
    }
  }

  /// Overwrites one float of a tensor.
  public mutating func set(_ name: String, at index: Int, to value: Float) throws {
    let start = base + (try entry(name)).offsets[0] + 4 * index
    for byte in 0..<4 {
      data[start + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * byte))
    }
  }

  private func entry(_ name: String) throws -> Entry {
    guard let entry = entries[name] else {
      throw SupportError("no tensor \(name) among \(entries.keys.sorted())")
    }
    return entry
  }
}
