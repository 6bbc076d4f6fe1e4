import Buffers
import CXXHash

/// XXH3-128 (Collet, xxHash 0.8, seed 0), streaming. Not for secrets: it finds accidents, not
/// attacks.
@safe
public struct XXH128: ~Copyable, @unchecked Sendable {
  private let state: OpaquePointer

  /// The hash of nothing yet.
  public init() {
    guard let state = unsafe XXH3_createState() else { Refusal.memory(576, for: "a hash") }
    unsafe self.state = state
    let status = unsafe XXH3_128bits_reset(state)
    precondition(status == XXH_OK)
  }

  deinit { unsafe XXH3_freeState(state) }

  /// Goes on with `bytes`.
  public mutating func update(_ bytes: RawSpan) {
    let status = unsafe bytes.withUnsafeBytes { buffer in
      unsafe XXH3_128bits_update(state, buffer.baseAddress, buffer.count)
    }
    precondition(status == XXH_OK)
  }

  /// The hash of everything so far, as `xxhsum -H2` prints it: 32 lower-case hexadecimal digits,
  /// most significant first.
  public var hexadecimal: String { unsafe XXH128.text(XXH3_128bits_digest(state)) }

  /// The hash of `bytes`.
  public static func hash(_ bytes: RawSpan) -> String {
    unsafe bytes.withUnsafeBytes { unsafe text(XXH3_128bits($0.baseAddress, $0.count)) }
  }

  /// XXH3-64 of `bytes`: a number to compare, where nobody reads it.
  public static func number(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe XXH3_64bits($0.baseAddress, $0.count) }
  }

  /// The hash of the bytes of `elements`.
  public static func hash<Element: FileElement>(_ elements: Span<Element>) -> String {
    unsafe hash(elements.bytes)
  }

  /// The hash of the UTF-8 of `text`.
  public static func hash(_ text: String) -> String { hash(text.utf8.span) }

  /// The hash of a file, read in pieces.
  public static func hash(file path: String) throws(InputError) -> String {
    try FileDigest(file: path).hash
  }

  private static func text(_ hash: XXH128_hash_t) -> String {
    [hash.high64, hash.low64].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

/// The hash and the number of bytes of a file, at the time when it was written or read.
public struct FileDigest: Sendable, Equatable, Codable {
  /// XXH3-128 as `xxhsum -H2` prints it.
  public let hash: String

  /// The number of bytes.
  public let size: Int

  /// A digest known already.
  public init(hash: String, size: Int) {
    self.hash = hash
    self.size = size
  }

  /// The digest of the file at `path`, read in pieces.
  public init(file path: String) throws(InputError) {
    let reader = try FileReader(path)
    var hash = XXH128()
    var offset = 0
    while offset < reader.size {
      let piece = try reader.read(UInt8.self, at: offset, count: min(1 << 20, reader.size - offset))
      unsafe hash.update(piece.span.bytes)
      offset += piece.count
    }
    self.init(hash: hash.hexadecimal, size: offset)
  }
}
