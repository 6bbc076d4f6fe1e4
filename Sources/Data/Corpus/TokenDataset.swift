import Files
import Foundation
import Tokenization

/// A dataset that `prepare` wrote, open for reading: the tokenizer, and the ids of both splits mapped into memory.
public final class TokenDataset: Sendable {
  /// The path of the folder.
  public let folder: String

  /// The contents of `dataset.json`.
  public let info: DatasetInfo

  /// The tokenizer with which the ids were made.
  public let tokenizer: Tokenizer

  private let shards: [Split: [TokenShard]]

  /// Opens `folder` and checks sizes, headers and tokenizer against `dataset.json`; `verifyHashes` checks every byte.
  public init(folder: String) throws(InputError) {
    self.folder = folder
    guard Path.exists(folder) else {
      throw InputError(
        "there is no such folder; run `gpt1-dist prepare --out \(folder)` first", path: folder)
    }
    let info = try Self.info(in: folder)
    let tokenizer = try Tokenizer.load(folder: folder)
    guard tokenizer.vocabularySize == info.vocabularySize,
      tokenizer.fingerprint == info.tokenizerFingerprint
    else {
      throw InputError(
        "vocab.json and merges.txt (\(tokenizer.vocabularySize) ids) are not the tokenizer that "
          + "made this dataset (\(info.vocabularySize) ids); run `gpt1-dist prepare` again",
        path: folder)
    }
    var shards: [Split: [TokenShard]] = [:]
    for split in Split.allCases {
      for shard in info[split].shards {
        shards[split, default: []].append(
          try TokenShard(folder: folder, info: shard, vocabularySize: info.vocabularySize))
      }
    }
    self.info = info
    self.tokenizer = tokenizer
    self.shards = shards
  }

  /// A hash of all ids and of the tokenizer.
  public var fingerprint: String { info.fingerprint }

  /// Reads every shard and checks its hash against `dataset.json`. The tokenizer's files were checked when the folder was opened.
  public func verifyHashes() throws(InputError) {
    for shard in Split.allCases.flatMap({ info[$0].shards }) {
      let path = "\(folder)/\(shard.file)"
      guard try XXH128.hash(file: path) == shard.hash else {
        throw InputError(
          "is damaged: its hash is not the one in dataset.json; run `gpt1-dist prepare` again",
          path: path)
      }
    }
  }

  /// The ids in `range` of `split`, across shards; throws an InputError if an id is not in the vocabulary.
  public func tokens(_ range: Range<Int>, of split: Split) throws(InputError) -> [Int32] {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= info[split].tokens, "ids out of range")
    var ids: [Int32] = []
    ids.reserveCapacity(range.count)
    var start = 0
    for shard in shards[split] ?? [] where ids.count < range.count {
      let local = range.clamped(to: start..<start + shard.count)
      if !local.isEmpty {
        shard.read(local.lowerBound - start..<local.upperBound - start, to: &ids)
      }
      start += shard.count
    }
    for id in ids where id < 0 || id >= info.vocabularySize {
      throw InputError(
        "the \(split.rawValue) split is damaged: id \(id) in a vocabulary of "
          + "\(info.vocabularySize); run `gpt1-dist prepare` again", path: folder)
    }
    return ids
  }

  private struct Version: Decodable { var version: Int? }

  private static func info(in folder: String) throws(InputError) -> DatasetInfo {
    let path = "\(folder)/\(DatasetInfo.fileName)"
    guard Path.exists(path) else {
      throw InputError(
        "holds no dataset.json: it is not a dataset; run `gpt1-dist prepare` or give the folder "
          + "it wrote", path: folder)
    }
    let data = Foundation.Data(try TextFile.bytes(of: path))
    do {
      let version = try JSONDecoder().decode(Version.self, from: data).version
      guard version == DatasetInfo.currentVersion else {
        throw InputError(
          "is of version \(version.map(String.init) ?? "none"), expected "
            + "\(DatasetInfo.currentVersion); run `gpt1-dist prepare` again", path: path)
      }
      let info = try JSONDecoder().decode(DatasetInfo.self, from: data)
      if let contradiction = info.contradiction {
        throw InputError(
          "is damaged: \(contradiction); run `gpt1-dist prepare` again", path: path)
      }
      return info
    } catch let error as InputError {
      throw error
    } catch {
      throw InputError("is not a dataset.json; run `gpt1-dist prepare` again", path: path)
    }
  }
}
