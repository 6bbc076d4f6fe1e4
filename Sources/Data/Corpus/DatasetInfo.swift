import Files
import Foundation
import Tokenization

/// A part of a corpus.
public enum Split: String, Codable, Sendable, CaseIterable {
  /// The part that the model is trained on.
  case train
  /// The part that is held out to measure the model.
  case validation
}

/// `dataset.json`: the files and settings of a prepared dataset, and the hashes by which it is verified.
public struct DatasetInfo: Codable, Sendable, Equatable {
  /// A file of token ids.
  public struct Shard: Codable, Sendable, Equatable {
    /// The file name within the folder.
    public var file: String
    /// The number of ids.
    public var tokens: Int
    /// The size of the file in bytes.
    public var bytes: Int
    /// The XXH3-128 hash of the file.
    public var hash: String
  }

  /// The shards of one split, in order.
  public struct SplitInfo: Codable, Sendable, Equatable {
    /// The number of ids in all shards.
    public var tokens: Int
    /// The shards, in order.
    public var shards: [Shard]
  }

  /// A text file that was read.
  public struct Source: Codable, Sendable, Equatable {
    /// The path as it was given, or as it was found in a given folder.
    public var path: String
    /// The size of the file in bytes.
    public var bytes: Int
  }

  /// The file name within the folder.
  package static let fileName = "dataset.json"

  /// The version of the format that this program writes and reads.
  public static let currentVersion = 1

  /// The version of the format of this file.
  public var version: Int

  /// The number of different ids: 0 ..< vocabularySize.
  public var vocabularySize: Int

  /// The `Tokenizer.fingerprint` of the tokenizer in the same folder.
  public var tokenizerFingerprint: String

  /// The shards of the training split.
  public var train: SplitInfo

  /// The shards of the validation split.
  public var validation: SplitInfo

  /// The fraction of the blocks that was to be held out, 0 ... 0.5.
  public var validationFraction: Double

  /// The entropy of the training ids, independent of each other, in nats per token.
  public var unigramEntropy: Double

  /// The cross-entropy of the validation ids under the frequencies of the training ids (plus one each), in nats per token: the validation
  /// loss of a model that knows only frequencies. Nil without validation ids.
  public var unigramValidationLoss: Double?

  /// The number of `<unk>` among all ids; nil in datasets of versions that did not count them.
  public var unknownTokens: Int?

  /// The share of `<unk>` among all ids, 0 ... 1; nil in datasets of versions that did not count them.
  public var unknownShare: Double?

  /// The field of JSON objects from which the text was read; nil for plain text.
  public var field: String?

  /// The text files that were read.
  public var sources: [Source]

  /// Warnings for the user, for example that fewer merges were learned than requested.
  public var warnings: [String]

  /// The shards of `split`.
  public subscript(split: Split) -> SplitInfo {
    switch split {
    case .train: train
    case .validation: validation
    }
  }

  /// An impossible value in the description, or nil. If nil, all counts are at least 0, the sums are right, and sizes can be computed
  /// without overflow.
  var contradiction: String? {
    func sum(_ counts: [Int]) -> Int? {
      // Int.max / 8 bounds the sum so that sizes in bytes fit an Int.
      counts.reduce(0) { sum, count in
        guard let sum, count >= 0, count <= Int.max / 8 - sum else { return nil }
        return sum + count
      }
    }
    for split in Split.allCases {
      let (tokens, shards) = (self[split].tokens, self[split].shards)
      guard sum(shards.map(\.tokens)) == tokens else {
        return "\(split.rawValue).tokens is \(tokens) and not the sum of the tokens of its shards"
      }
      for (index, shard) in shards.enumerated() where shard.file != TokenFile.name(split, index) {
        return "\(split.rawValue).shards[\(index)].file is not \(TokenFile.name(split, index))"
      }
    }
    return sum(sources.map(\.bytes)) == nil ? "the sizes of its sources are impossible" : nil
  }

  /// A sentence about the share of unknown tokens.
  public var unknownDescription: String {
    unknownShare.map(UnknownTokens.description) ?? "unknown tokens were not counted"
  }

  /// The size of all sources in bytes.
  public var inputBytes: Int { sources.reduce(0) { $0 + $1.bytes } }

  /// A hash of all ids and of the tokenizer: equal for datasets that give the same training.
  public var fingerprint: String {
    let hashes = Split.allCases.flatMap { split in
      [split.rawValue] + self[split].shards.map { "\($0.tokens) \($0.hash)" }
    }
    return XXH128.hash(([tokenizerFingerprint] + hashes).joined(separator: "\n"))
  }
}

/// The frequencies of token ids, and how well they alone predict tokens.
struct Unigrams {
  private(set) var counts: [Int]

  init(vocabularySize: Int) { counts = [Int](repeating: 0, count: vocabularySize) }

  package mutating func add(_ ids: [Int32]) { for id in ids { counts[Int(id)] += 1 } }

  private var total: Int { counts.reduce(0, +) }

  /// The entropy −Σ p log p, in nats.
  var entropy: Double {
    let total = Double(total)
    return counts.reduce(0) { sum, count in
      count == 0 ? sum : sum - Double(count) / total * log(Double(count) / total)
    }
  }

  /// The cross-entropy −Σ q log p over the ids of `other`, with p = (count + 1)/(total + V), in nats; nil without ids.
  func crossEntropy(of other: Unigrams) -> Double? {
    guard other.total > 0 else { return nil }
    let divisor = Double(total + counts.count)
    let sum = zip(counts, other.counts).reduce(0.0) { sum, pair in
      sum - Double(pair.1) * log(Double(pair.0 + 1) / divisor)
    }
    return sum / Double(other.total)
  }
}
