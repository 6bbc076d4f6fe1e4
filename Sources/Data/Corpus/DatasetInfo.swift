import Files
import Foundation
import Tokenization

/// The part of a corpus that trains, or the part held out.
public enum Split: String, Codable, Sendable, CaseIterable {
  /// What the model learns from.
  case train
  /// What only measures it.
  case validation
}

/// `dataset.json`: what `prepare` wrote, from what, and how to tell that it is whole.
public struct DatasetInfo: Codable, Sendable, Equatable {
  /// One file of ids.
  public struct Shard: Codable, Sendable, Equatable {
    /// The name within the folder.
    public var file: String
    /// The ids in it.
    public var tokens: Int
    /// The size of the file.
    public var bytes: Int
    /// XXH3-128 of the file.
    public var hash: String
  }

  /// The shards of one split, in order.
  public struct SplitInfo: Codable, Sendable, Equatable {
    /// The ids of all shards.
    public var tokens: Int
    /// The shards, in order.
    public var shards: [Shard]
  }

  /// One file of text.
  public struct Source: Codable, Sendable, Equatable {
    /// As it was given, or found in a folder that was given.
    public var path: String
    /// Its size.
    public var bytes: Int
  }

  /// The name within the folder.
  package static let fileName = "dataset.json"

  /// The version of this format.
  public static let currentVersion = 1

  /// The version of the format that the file is in.
  public var version: Int

  /// The ids there can be: 0 ..< vocabularySize.
  public var vocabularySize: Int

  /// `Tokenizer.fingerprint` of the tokenizer beside it.
  public var tokenizerFingerprint: String

  /// The ids to train on.
  public var train: SplitInfo

  /// The ids held out.
  public var validation: SplitInfo

  /// The fraction of the blocks that was to be held out.
  public var validationFraction: Double

  /// Entropy of the training ids taken one by one, nats a token.
  public var unigramEntropy: Double

  /// Cross-entropy of the validation ids under the frequencies of the training ids (each plus one), nats a token: the validation
  /// loss of a model that knows frequencies alone. None without validation ids.
  public var unigramValidationLoss: Double?

  /// How many of all ids are `<unk>`; nil in datasets made before this was counted.
  public var unknownTokens: Int?

  /// The share of `<unk>` among all ids, 0 ... 1; nil in datasets made before this was counted.
  public var unknownShare: Double?

  /// The field of JSON objects that the text was read from; nil for plain text.
  public var field: String?

  /// The text that was read.
  public var sources: [Source]

  /// What the user should know: fewer merges than asked for, say.
  public var warnings: [String]

  /// The shards of `split`.
  public subscript(split: Split) -> SplitInfo {
    switch split {
    case .train: train
    case .validation: validation
    }
  }

  /// What cannot be true of a dataset, or nil: afterwards every count is at least 0, sums are what they should be and sizes can be
  /// computed without overflow.
  var contradiction: String? {
    func sum(_ counts: [Int]) -> Int? {
      // Int.max / 8: as many bytes of ids as can be counted.
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
    return sum(sources.map(\.bytes)) == nil ? "the bytes of its sources cannot be" : nil
  }

  /// The share of unknown tokens in words.
  public var unknownDescription: String {
    unknownShare.map(UnknownTokens.description) ?? "unknown tokens were not counted"
  }

  /// The bytes of all sources.
  public var inputBytes: Int { sources.reduce(0) { $0 + $1.bytes } }

  /// A hash of all ids and of the tokenizer: equal where training would see the same data.
  public var fingerprint: String {
    let hashes = Split.allCases.flatMap { split in
      [split.rawValue] + self[split].shards.map { "\($0.tokens) \($0.hash)" }
    }
    return XXH128.hash(([tokenizerFingerprint] + hashes).joined(separator: "\n"))
  }
}

/// How often each id occurs, and how well that alone predicts.
struct Unigrams {
  private(set) var counts: [Int]

  init(vocabularySize: Int) { counts = [Int](repeating: 0, count: vocabularySize) }

  package mutating func add(_ ids: [Int32]) { for id in ids { counts[Int(id)] += 1 } }

  private var total: Int { counts.reduce(0, +) }

  /// −Σ p log p, nats.
  var entropy: Double {
    let total = Double(total)
    return counts.reduce(0) { sum, count in
      count == 0 ? sum : sum - Double(count) / total * log(Double(count) / total)
    }
  }

  /// −Σ q log p over the ids of `other`, with p = (count + 1)/(total + V), nats; nil without ids.
  func crossEntropy(of other: Unigrams) -> Double? {
    guard other.total > 0 else { return nil }
    let divisor = Double(total + counts.count)
    let sum = zip(counts, other.counts).reduce(0.0) { sum, pair in
      sum - Double(pair.1) * log(Double(pair.0 + 1) / divisor)
    }
    return sum / Double(other.total)
  }
}
