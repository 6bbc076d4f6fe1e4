import Data
import Files
import Foundation
import TestSupport
import Testing
import Tokenization

/// Damaged inputs: each is read, or refused with a clear error; nothing traps, hangs or is made up.
@Suite struct MutatedInputTests {
  private static let rounds = 10_000

  /// Fragments that are inserted into valid bytes.
  private static let poison: [[UInt8]] = [
    [0], [0xFF, 0xFE], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], Array("\r\n".utf8), [0x0D], [0x0A],
    Array("\"".utf8), Array("\\".utf8), Array("\\ud800".utf8), Array("\\udc00".utf8),
    Array("\\u00".utf8), Array("{".utf8), Array("}".utf8), Array(",".utf8), Array(":".utf8),
    Array("</w>".utf8), Array("99999999999".utf8), Array("-1".utf8), Array("null".utf8),
    [0xEF, 0xBB, 0xBF], Array("\u{2028}".utf8), Array(repeating: 0x61, count: 700), [0x1F, 0x8B],
  ]

  /// `good` with one to four places changed.
  private func mutated(_ good: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = good
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0...bytes.count, using: &random)
      let end = min(bytes.count, place + Int.random(in: 0..<20, using: &random))
      switch Int.random(in: 0..<7, using: &random) {
      case 0: bytes.removeSubrange(place..<end)
      case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
      case 2: bytes.removeSubrange(place...)
      case 3: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
      case 4:
        bytes.insert(
          contentsOf: (0..<3).map { _ in UInt8.random(in: 0...255, using: &random) }, at: place)
      default: bytes.insert(contentsOf: Self.poison.randomElement(using: &random) ?? [], at: place)
      }
    }
    return bytes
  }

  /// Reads `rounds` mutations of `good` at `file` by `read`; how many were refused.
  @discardableResult
  private func check(
    _ good: String, at file: String, seed: UInt64, read: (String, [UInt8]) throws -> Void
  ) throws -> Int {
    var random = SeededGenerator(seed: seed)
    var refused = 0
    for _ in 0..<Self.rounds {
      let bytes = mutated(Array(good.utf8), &random)
      try overwrite(file, with: bytes)
      do { try read(file, bytes) } catch {
        refused += 1
        let error = error as? InputError
        if error?.path != file || error?.reason.isEmpty != false || error?.line ?? 1 < 1 {
          Issue.record("\(error?.description ?? "another error"): \(bytes)")
        }
      }
    }
    return refused
  }

  private func overwrite(_ path: String, with bytes: [UInt8]) throws {
    try put(bytes, at: path)
  }

  @Test func vocabularies() throws {
    try withTemporaryFolder { folder in
      try put("#version: 0.2\na b</w>\n".utf8, at: "\(folder)/merges.txt")
      let good =
        #"{"<unk>": 0, "a": 1, "b": 2, "a</w>": 3, "b</w>": 4, "\ud83d\ude00": 5,"#
        + "\n \"ab</w>\": 6, \"\\n</w>\": 7}\n"
      let refused = try check(good, at: "\(folder)/vocab.json", seed: 1) { _, _ in
        do {
          let tokenizer = try Tokenizer.load(folder: folder)
          _ = tokenizer.encode("ab é ba\n")
        } catch let error as InputError where error.path == "\(folder)/merges.txt" {
          // The merge's pieces are gone: the merges are what does not fit.
        }
      }
      #expect((1_000..<Self.rounds).contains(refused))
    }
  }

  @Test func merges() throws {
    try withTemporaryFolder { folder in
      let vocabulary =
        #"{"<unk>": 0, "a": 1, "b": 2, "a</w>": 3, "b</w>": 4, "ab": 5, "ab</w>": 6, "aab</w>": 7}"#
      try put(vocabulary.utf8, at: "\(folder)/vocab.json")
      let good = "#version: 0.2\na b\na b</w>\r\na ab</w>\n"
      let refused = try check(good, at: "\(folder)/merges.txt", seed: 2) { _, _ in
        _ = try Tokenizer.load(folder: folder).encode("aab ab b\n")
      }
      #expect((1_000..<Self.rounds).contains(refused))
    }
  }

  @Test func jsonLines() throws {
    try withTemporaryFolder { folder in
      let good = """
        {"id": 1, "text": "The cat \\u00e9 \\ud83d\\ude00 sat.\\n", "more": [1, {"a": null}]}
        {"text": "on the mat é", "id": 2.5e3}

        {"text": ""}
        """
      var compared = 0
      let refused = try check(good, at: "\(folder)/a.jsonl", seed: 3) { path, bytes in
        let found = try JSONLinesText(field: "text").texts(of: path)
        // If Foundation reads the text too, the values agree; for a duplicate name it may take either value.
        let lines = bytes.split(separator: 0x0A).map { Foundation.Data($0) }
        let objects = lines.compactMap {
          (try? JSONSerialization.jsonObject(with: $0)) as? [String: Any]
        }
        let names =
          String(decoding: bytes, as: UTF8.self).components(separatedBy: "\"text\"").count - 1
        guard objects.count == found.count, names == found.count else { return }
        compared += 1
        for (object, text) in zip(objects, found) {
          let expected = object["text"] as? String
          #expect(expected.map { Array($0.utf8) } == Array(text.utf8), "\(bytes)")
        }
      }
      #expect(compared > 100)
      #expect((1_000..<Self.rounds).contains(refused))
    }
  }

  @Test func plainText() throws {
    try withTemporaryFolder { folder in
      let tokenizer = Tokenizer.learn(merges: 20, from: madeText(lines: 5))
      let good = madeText(lines: 3) + "naïve — café … 😀 “quoted”\r\nthe end"
      let refused = try check(good, at: "\(folder)/a.txt", seed: 4) { path, _ in
        let text = try TextFile.text(of: path, for: .prose)
        var unknown = UnknownTokens()
        #expect(tokenizer.encode(text, counting: &unknown).count == unknown.tokens)
      }
      #expect((1_000..<Self.rounds).contains(refused))
    }
  }

  /// Fewer whole preparations, each of which waits for the disk.
  @Test func corpora() throws {
    try withTemporaryFolder { folder in
      var random = SeededGenerator(seed: 5)
      let plain = Array(madeText(lines: 5).utf8)
      let json = Array("{\"text\": \"The cat \\u00e9 sat.\"}\n{\"text\": \"on the mat\"}\n".utf8)
      for round in 0..<60 {
        let bytes = mutated(round % 2 == 0 ? plain : json, &random)
        try overwrite("\(folder)/a.txt", with: bytes)
        var config = PrepareConfig(
          inputs: ["\(folder)/a.txt"], tokenizer: .train(merges: 5), out: "\(folder)/data")
        config.validationFraction = 0
        if round % 2 == 1 { config.field = "text" }
        do {
          let info = try Preparation.run(config)
          let found = try TokenDataset(folder: "\(folder)/data").info
          #expect(found.train.tokens == info.train.tokens)
        } catch let error as InputError { #expect(error.path?.isEmpty == false, "\(error)") }
      }
    }
  }
}
