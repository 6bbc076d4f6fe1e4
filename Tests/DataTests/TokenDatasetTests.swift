import Data
import Files
import Foundation
import TestSupport
import Testing
import Tokenization

@Suite struct TokenDatasetTests {
  @Test func windowsCoverTheSplitAcrossShards() throws {
    try withTemporaryFolder { folder in
      _ = try prepare(madeText(lines: 100), in: folder) { $0.shardTokens = 97 }
      let dataset = try TokenDataset(folder: "\(folder)/data")
      let all = try ids("\(folder)/data")
      #expect(dataset.info.train.shards.count > 10)
      for length in [1, 33, 250] {  // 250: over three shards
        let windows = try Windows(dataset, split: .train, length: length)
        #expect(windows.count == (all.count - 1) / length)
        let order = Array((0..<windows.count).reversed())
        let batch = try windows.batch(windows: order, samples: order.map(UInt32.init))
        #expect(batch.starts == (0...windows.count).map { $0 * length })
        #expect(batch.lossWeights.allSatisfy { $0 == 1 })
        #expect(batch.samples == order.map(UInt32.init))
        for (row, window) in order.enumerated() {
          let start = window * length
          let places = row * length..<(row + 1) * length
          #expect(Array(batch.tokens[places]) == Array(all[start..<start + length]))
          #expect(Array(batch.targets[places]) == Array(all[start + 1..<start + length + 1]))
        }
      }
    }
  }

  @Test func aSplitShorterThanOneWindowIsRefused() throws {
    try withTemporaryFolder { folder in
      let info = try prepare(madeText(lines: 20), in: folder)
      let dataset = try TokenDataset(folder: "\(folder)/data")
      let tokens = info.validation.tokens
      let error = try inputError {
        _ = try Windows(dataset, split: .validation, length: tokens)
      }
      #expect(error.reason.contains("has \(tokens) tokens"), "\(error)")
      #expect(error.reason.contains("needs \(tokens + 1)"), "\(error)")
      #expect(try Windows(dataset, split: .validation, length: tokens - 1).count == 1)
    }
  }

  /// A change to a dataset's folder, and the message when it is opened then.
  enum Damage: String, CaseIterable {
    case noFolder, noInfo, badInfo, version, noShard, truncated, magic, width, count
    case tokenizer, merges

    var reason: String {
      switch self {
      case .noFolder: "no such folder"
      case .noInfo: "holds no dataset.json"
      case .badInfo: "is not a dataset.json"
      case .version: "is of version 9, expected 1"
      case .noShard: "does not exist"
      case .truncated: "truncated"
      case .magic: "is not a token file"
      case .width, .count: "dataset.json says"
      case .tokenizer, .merges: "not the tokenizer"
      }
    }
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "is a git-lfs pointer"),
    ("<html>404</html>", "is an HTML page"), ("\u{1F}\u{8B}", "compressed by gzip"),
    ("Entry not found", "is text that begins with `Entry not found`"),
  ])
  func anotherFileInTheirPlaceIsNamed(text: String, words: String) throws {
    try withTemporaryFolder { folder in
      _ = try prepare(madeText(lines: 50), in: folder)
      let shard = "\(folder)/data/train-00000.tokens"
      try put(text.unicodeScalars.map { UInt8($0.value) }, at: shard)
      let error = try inputError { _ = try TokenDataset(folder: "\(folder)/data") }
      #expect(error.reason.contains(words) && error.path == shard, "\(error)")
    }
  }

  @Test(arguments: Damage.allCases) func damageIsNamed(_ damage: Damage) throws {
    try withTemporaryFolder { folder in
      let data = "\(folder)/data"
      let text = madeText(lines: 50)
      _ = try prepare(text, in: folder)
      let (info, shard) = ("\(data)/dataset.json", "\(data)/train-00000.tokens")
      func edit(_ path: String, _ change: (inout Foundation.Data) -> Void) throws {
        var bytes = try Foundation.Data(contentsOf: URL(fileURLWithPath: path))
        change(&bytes)
        try put(bytes, at: path)
      }
      switch damage {
      case .noFolder: try FileManager.default.removeItem(atPath: data)
      case .noInfo: try FileManager.default.removeItem(atPath: info)
      case .badInfo: try put("{\"version\": 1}".utf8, at: info)
      case .version: try put("{\"version\": 9}".utf8, at: info)
      case .noShard: try FileManager.default.removeItem(atPath: shard)
      case .truncated: try edit(shard) { $0.removeLast() }
      case .magic: try edit(shard) { $0[0] ^= 1 }
      case .width: try edit(shard) { $0[12] = 4 }
      case .count: try edit(shard) { $0[16] ^= 1 }
      case .tokenizer: try Tokenizer.learn(merges: 9, from: text).save(to: data)
      case .merges:  // the same pieces, merged in another order
        let path = "\(data)/merges.txt"
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        lines.swapAt(lines.count - 1, lines.count - 2)
        try put(lines.joined(separator: "\n").utf8, at: path)
      }
      let error = try inputError { _ = try TokenDataset(folder: data) }
      #expect(error.reason.contains(damage.reason), "\(error)")
      #expect(error.path?.hasPrefix(data) == true)
    }
  }

  /// A field of dataset.json as it was written, and as it is then.
  @Test(arguments: [
    ("\"tokens\" : ", "\"tokens\" : -"), ("\"tokens\" : ", "\"tokens\" : 1"),
    ("\"tokens\" : ", "\"tokens\" : 9223372036854775807, \"was\" : "),
    ("\"tokens\" : ", "\"tokens\" : 1e300, \"was\" : "),
    ("\"tokens\" : ", "\"tokens\" : \"5\", \"was\" : "), ("\"tokens\"", "\"token\""),
    ("\"train-00000.tokens\"", "\"../data/train-00000.tokens\""),
    ("\"train-00000.tokens\"", "\"train-00001.tokens\""), ("\"train-00000.tokens\"", "\"\""),
    ("\"train-00000.tokens\"", "7"), ("\"shards\" : [", "\"shards\" : {"), ("{", ""),
    ("    \"bytes\" : ", "    \"bytes\" : -"),
    ("    \"bytes\" : ", "    \"bytes\" : 9223372036854775807, \"was\" : "),
  ])
  func aWrongInfoIsRefused(written: String, damaged: String) throws {
    try withTemporaryFolder { folder in
      _ = try prepare(madeText(lines: 50), in: folder)
      let path = "\(folder)/data/dataset.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let places = text.ranges(of: written)
      try #require(!places.isEmpty)
      for place in places {
        try put(text.replacingCharacters(in: place, with: damaged).utf8, at: path)
        let error = try inputError { _ = try TokenDataset(folder: "\(folder)/data") }
        #expect(error.reason.contains("run `gpt1-dist prepare` again"), "\(error)")
        let names = error.description.contains("dataset.json")
        #expect(names, "\(error)")
      }
    }
  }

  @Test func noByteOfTheInfoMakesReadingTrap() throws {
    try withTemporaryFolder { folder in
      let data = "\(folder)/data"
      _ = try prepare(madeText(lines: 30), in: folder) { $0.shardTokens = 400 }
      let path = "\(data)/dataset.json"
      let good = try Array(Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
      var refusals = 0
      for place in good.indices {
        for byte in "-9/\"".utf8 where byte != good[place] {
          var bad = good
          bad[place] = byte
          try put(bad, at: path)
          do {
            let dataset = try TokenDataset(folder: data)
            for split in Split.allCases {
              _ = try dataset.tokens(0..<dataset.info[split].tokens, of: split)
            }
            _ = dataset.info.inputBytes
          } catch {
            refusals += 1
            #expect(error is InputError, "\(error)")
          }
        }
      }
      #expect(refusals > good.count)
    }
  }

  @Test func aFlippedByteIsFoundByHashesAndAWrongIdByReading() throws {
    try withTemporaryFolder { folder in
      _ = try prepare(madeText(lines: 50), in: folder)
      let path = "\(folder)/data/train-00000.tokens"
      try TokenDataset(folder: "\(folder)/data").verifyHashes()
      var bytes = try Foundation.Data(contentsOf: URL(fileURLWithPath: path))
      bytes[33] = 0xFF  // the high byte of the first id
      try put(bytes, at: path)
      let dataset = try TokenDataset(folder: "\(folder)/data")
      let hash = try inputError { try dataset.verifyHashes() }
      #expect(hash.path == path && hash.reason.contains("damaged"))
      #expect(hash.reason.contains("run `gpt1-dist prepare` again"))
      let windows = try Windows(dataset, split: .train, length: 8)
      let id = try inputError { _ = try windows.batch(windows: [0], samples: [0]) }
      #expect(id.reason.contains("in a vocabulary of"), "\(id)")
      _ = try windows.batch(windows: [1], samples: [0])
    }
  }
}
