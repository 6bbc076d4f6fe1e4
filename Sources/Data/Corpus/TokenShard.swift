import Files
import Tokenization

/// The format of a file of token ids: a header of 32 bytes, then the ids, all little-endian.
///
///     0  "GPT1TOKS"   8  version UInt32   12  bytes per id, UInt32: 2 or 4   16  ids, UInt64   24  zeros
enum TokenFile {
  static let magic = Array("GPT1TOKS".utf8)
  static let version: UInt32 = 1
  static let headerBytes = 32

  /// Bytes per id: 2 if every id fits, else 4.
  static func width(vocabularySize: Int) -> Int { vocabularySize <= 1 << 16 ? 2 : 4 }

  static func name(_ split: Split, _ index: Int) -> String {
    let digits = String(index)
    return split.rawValue + "-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
      + ".tokens"
  }

  /// True if `name` can be the name of a file of ids.
  static func isName(_ name: String) -> Bool {
    !name.contains("/") && name.hasSuffix(".tokens")
      && Split.allCases.contains { name.hasPrefix($0.rawValue + "-") }
  }

  static func header(width: Int, count: Int) -> [UInt8] {
    func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
      (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value($0 * 8)) }
    }
    return magic + bytes(version) + bytes(UInt32(width)) + bytes(UInt64(count)) + bytes(UInt64(0))
  }
}

/// Writes the ids of one split into files with a limited number of ids. The open file is held in memory, because its header contains the
/// number of ids and hashes are computed in order.
package final class ShardWriter {
  private let folder: String
  private let split: Split
  private let width: Int
  private let shardTokens: Int
  private var pending: [Int32] = []
  private var shards: [DatasetInfo.Shard] = []
  private(set) var unigrams: Unigrams

  package init(folder: String, split: Split, vocabularySize: Int, shardTokens: Int) {
    precondition(shardTokens > 0, "shards without ids")
    self.folder = folder
    self.split = split
    self.shardTokens = shardTokens
    width = TokenFile.width(vocabularySize: vocabularySize)
    unigrams = Unigrams(vocabularySize: vocabularySize)
  }

  /// The number of ids so far.
  var tokens: Int { shards.reduce(pending.count) { $0 + $1.tokens } }

  func append(_ ids: [Int32]) throws(InputError) {
    unigrams.add(ids)
    var rest = ids[...]
    while !rest.isEmpty {
      let part = rest.prefix(shardTokens - pending.count)
      pending.append(contentsOf: part)
      rest = rest.dropFirst(part.count)
      if pending.count == shardTokens { try writeShard() }
    }
  }

  func finish() throws(InputError) -> DatasetInfo.SplitInfo {
    if !pending.isEmpty { try writeShard() }
    return DatasetInfo.SplitInfo(tokens: tokens, shards: shards)
  }

  private func writeShard() throws(InputError) {
    let ids = pending
    let name = TokenFile.name(split, shards.count)
    let writer = try FileWriter("\(folder)/\(name)")
    let header = TokenFile.header(width: width, count: ids.count)
    try writer.write(header.span)
    if width == 2 {
      for start in stride(from: 0, to: ids.count, by: 1 << 16) {
        let narrow = ids[start...].prefix(1 << 16).map { UInt16($0) }
        try writer.write(narrow.span)
      }
    } else {
      try writer.write(ids.span)
    }
    let digest = try writer.finish()
    shards.append(
      DatasetInfo.Shard(
        file: name, tokens: ids.count, bytes: digest.size, hash: digest.hash))
    pending.removeAll(keepingCapacity: true)
  }
}

/// The ids of one file, mapped into memory.
struct TokenShard: Sendable {
  package let count: Int
  private let file: MappedFile
  private let width: Int

  /// Opens the file that `info` describes and checks its size and header. The dataset must not have a contradiction.
  init(folder: String, info: DatasetInfo.Shard, vocabularySize: Int) throws(InputError) {
    let path = "\(folder)/\(info.file)"
    file = try MappedFile(path)
    width = TokenFile.width(vocabularySize: vocabularySize)
    count = info.tokens
    let again = "run `gpt1-dist prepare` again"
    let start = file.withElements(of: UInt8.self, count: min(file.count, 8)) { $0.array() }
    if start != TokenFile.magic,
      let reason = ContentKind.mistaken(at: path, for: "a file of token ids")
    {
      throw InputError("\(reason), or \(again)", path: path)
    }
    guard file.count == info.bytes, file.count >= TokenFile.headerBytes else {
      throw InputError(
        "has \(file.count) bytes, dataset.json says \(info.bytes): truncated or not of this "
          + "dataset; \(again)", path: path)
    }
    guard start == TokenFile.magic else {
      throw InputError("is not a token file (no GPT1TOKS at its start); \(again)", path: path)
    }
    let version = file.element(UInt32.self, at: 8)
    guard version == TokenFile.version else {
      throw InputError(
        "is a token file of version \(version), expected \(TokenFile.version); \(again)", path: path
      )
    }
    let written = (
      width: file.element(UInt32.self, at: 12), count: file.element(UInt64.self, at: 16)
    )
    guard written == (UInt32(width), UInt64(count)),
      file.count == TokenFile.headerBytes + count * width
    else {
      throw InputError(
        "holds \(written.count) ids of \(written.width) bytes, dataset.json says \(count) of "
          + "\(width); \(again)", path: path)
    }
  }

  /// Appends the ids of `range` to `output`.
  func read(_ range: Range<Int>, to output: inout [Int32]) {
    let offset = TokenFile.headerBytes + range.lowerBound * width
    if width == 2 {
      file.withElements(of: UInt16.self, at: offset, count: range.count) { ids in
        for index in ids.indices { output.append(Int32(ids[index])) }
      }
    } else {
      file.withElements(of: Int32.self, at: offset, count: range.count) { ids in
        for index in ids.indices { output.append(ids[index]) }
      }
    }
  }
}
