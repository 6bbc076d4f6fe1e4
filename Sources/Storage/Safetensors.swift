import Buffers
import Tokenization
import Files
import Tokenization

/// A tensor to be written: a name, a row-major shape, and a view of its floats.
public struct NamedTensor: Sendable {
  /// The name in the file.
  public let name: String

  /// The length of each axis, the slowest first.
  public let shape: [Int]

  /// The floats, as many as the shape has elements.
  public let values: Vector

  /// A tensor of `values`, which must fill `shape`.
  public init(name: String, shape: [Int], values: Vector) {
    precondition(shape.reduce(1, *) == values.count, "\(name) does not fill its shape")
    self.name = name
    self.shape = shape
    self.values = values
  }
}

/// The safetensors format (Hugging Face, github.com/huggingface/safetensors, "Format"):
///
///     8 bytes: length of the header, little-endian | header: JSON | the tensors' bytes, without gaps
public enum Safetensors {
  /// Writes `tensors` as F32, sorted by name, directly from their memory, and syncs the file.
  ///
  /// - Parameters:
  ///   - metadata: `transformers` refuses a file whose `format` is not that of a framework.
  /// - Returns: hash and size of the file.
  @discardableResult
  public static func write(
    _ tensors: [NamedTensor], metadata: [String: String] = ["format": "pt"], to path: String
  ) throws(InputError) -> FileDigest {
    let tensors = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    var entries: [String: SafetensorsHeader.Entry] = [:]
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.values.count * TensorType.float32.size
      let entry = SafetensorsHeader.Entry(
        dtype: TensorType.float32.rawValue, shape: tensor.shape, dataOffsets: [offset, end])
      let previous = entries.updateValue(entry, forKey: tensor.name)
      precondition(previous == nil, "two tensors named \(tensor.name)")
      offset = end
    }
    let header = SafetensorsHeader(metadata: metadata, entries: entries).text
    let writer = try FileWriter(path)
    try writer.write([header.length].span)
    try writer.write(header.json)
    for tensor in tensors {
      try tensor.values.withBytes { bytes throws(InputError) in try writer.write(bytes) }
    }
    return try writer.finish()
  }
}

/// An open safetensors file whose header has been checked; tensors are read from it one by one.
public struct SafetensorsFile: Sendable {
  /// A tensor's entry in the header.
  public struct Info: Sendable, Equatable {
    /// The type of its elements.
    public let type: TensorType

    /// The length of each axis, the slowest first.
    public let shape: [Int]

    /// The range of its bytes, counted from the beginning of the file.
    public let range: Range<Int>

    /// The number of elements.
    public var count: Int { range.count / type.size }
  }

  /// The path of the file.
  public var path: String { reader.path }

  /// The tensors by name.
  public let tensors: [String: Info]

  /// The strings under `__metadata__`.
  public let metadata: [String: String]

  private let reader: FileReader

  /// Opens the file at `path` and checks its header: JSON of known types, shapes that fit their bytes, and bytes without gap or overlap up
  /// to the end of the file. Throws an InputError otherwise.
  public init(_ path: String) throws(InputError) {
    reader = try FileReader(path)
    guard reader.size >= 8 else {
      if let reason = ContentKind.mistaken(at: path, for: Self.what) {
        throw InputError(reason, path: path)
      }
      throw InputError(
        "is truncated: \(reader.size) bytes are too few for a safetensors file", path: path)
    }
    let length = try reader.read(UInt64.self, at: 0, count: 1)[0]
    guard length <= UInt64(SafetensorsHeader.largest), Int(length) <= reader.size - 8 else {
      if let reason = ContentKind.mistaken(at: path, for: Self.what) {
        throw InputError(reason, path: path)
      }
      throw InputError(
        "is truncated or not a safetensors file: a header of \(length) bytes in \(reader.size)",
        path: path)
    }
    let header = try JSONFile.decode(
      SafetensorsHeader.self, reader.read(UInt8.self, at: 8, count: Int(length)), path: path,
      part: "safetensors header: ")
    metadata = header.metadata
    let start = 8 + Int(length)
    var tensors: [String: Info] = [:]
    for (name, entry) in header.entries {
      do {
        tensors[name] = try SafetensorsFile.info(entry, from: start, size: reader.size)
      } catch {
        throw InputError("safetensors header: tensor \(name) \(error.reason)", path: path)
      }
    }
    self.tensors = tensors
    try SafetensorsFile.checkCoverage(tensors, from: start, size: reader.size, path: path)
  }

  /// The name of the format, for messages.
  static let what = "a safetensors file"

  /// The token embedding, which is also the output layer.
  static let embeddingName = "tokens_embed.weight"

  /// The output layer in files that name it.
  static let headName = "lm_head.weight"

  /// The name in the file of the tensor `name` of Hugging Face's openai-gpt: as saved from `OpenAIGPTModel`, or with the prefix
  /// `transformer.` from a model with a head; for tensors that share memory, the one that was written, according to `__metadata__`. Throws
  /// an InputError if there is none.
  public func name(of name: String) throws(InputError) -> String {
    let prefix = "transformer."
    let bare = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    let names = [name, bare, prefix + bare]
    let aliases =
      names.compactMap { metadata[$0] } + (bare == Self.embeddingName ? [Self.headName] : [])
    for candidate in names + aliases where tensors[candidate] != nil { return candidate }
    throw InputError("has no tensor \(bare); is it a model of the same configuration?", path: path)
  }

  /// Overwrites `values` with the tensor `name`, which must have the given shape; F16 and BF16 are converted to F32 exactly.
  public func read(
    _ name: String, into values: Vector, expecting shape: [Int]
  ) throws(InputError) {
    precondition(shape.reduce(1, *) == values.count, "\(name) does not fill its shape")
    guard let info = tensors[name] else {
      throw InputError("has no tensor \(name)", path: path)
    }
    guard info.shape == shape else {
      throw InputError("tensor \(name) has the shape \(info.shape), not \(shape)", path: path)
    }
    switch info.type {
    case .float32:
      try values.withMutableBytes { (bytes: inout MutableRawSpan) throws(InputError) in
        try reader.read(at: info.range.lowerBound, into: &bytes)
      }
    case .float16:
      try readHalves(info, into: values) { Float(Float16(bitPattern: $0)) }
    case .bfloat16:
      try readHalves(info, into: values) { Float(bitPattern: UInt32($0) << 16) }
    default:
      throw InputError(
        "tensor \(name) is of type \(info.type.rawValue); F32, F16 or BF16 is expected", path: path)
    }
  }

  private func readHalves(
    _ info: Info, into values: Vector, _ convert: (UInt16) -> Float
  ) throws(InputError) {
    let piece = 1 << 18
    for start in stride(from: 0, to: values.count, by: piece) {
      let halves = try reader.read(
        UInt16.self, at: info.range.lowerBound + 2 * start, count: min(piece, values.count - start))
      for (index, half) in halves.enumerated() { values[start + index] = convert(half) }
    }
  }

  /// Checks `entry` for a file of `size` bytes whose tensors begin at `start`.
  private static func info(
    _ entry: SafetensorsHeader.Entry, from start: Int, size: Int
  ) throws(InputError) -> Info {
    guard let type = TensorType(rawValue: entry.dtype) else {
      throw InputError("is of the unknown type \(entry.dtype)")
    }
    let offsets = entry.dataOffsets
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
      throw InputError("has the offsets \(offsets); expected two in ascending order")
    }
    guard offsets[1] <= size - start else {
      throw InputError("ends at byte \(offsets[1]) of \(size - start): the file is truncated")
    }
    var bytes = type.size
    for length in entry.shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else { throw InputError("has the shape \(entry.shape)") }
      bytes = product
    }
    guard bytes == offsets[1] - offsets[0] else {
      throw InputError(
        "of the shape \(entry.shape) has \(bytes) bytes, but its offsets are \(offsets)")
    }
    return Info(type: type, shape: entry.shape, range: start + offsets[0]..<start + offsets[1])
  }

  private static func checkCoverage(
    _ tensors: [String: Info], from start: Int, size: Int, path: String
  ) throws(InputError) {
    var end = start
    let inOrder = tensors.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound)
        < ($1.value.range.lowerBound, $1.value.range.upperBound)
    }
    for (name, info) in inOrder {
      guard info.range.lowerBound == end else {
        let fault = info.range.lowerBound < end ? "overlaps the one" : "leaves a gap after the one"
        throw InputError("safetensors header: tensor \(name) \(fault) before it", path: path)
      }
      end = info.range.upperBound
    }
    guard end == size else {
      throw InputError("has \(size - end) bytes that belong to no tensor", path: path)
    }
  }
}
