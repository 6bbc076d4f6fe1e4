import Data
import Dispatch
import Files
import Foundation
import Synchronization
import TestSupport
import Testing
import Tokenization

private struct Learned: Decodable {
  struct Line: Decodable {
    var text: String
    var ids: [Int32]
    var decoded: String
  }
  var text: String
  var merges: [String]
  var pieces: [String]
  var lines: [Line]
}

@Suite struct TokenizerTests {
  @Test func learnedMergesAndOrderOfIdsAreThoseOfANaiveLearner() throws {
    let expected: Learned = try fixture("tokenizer.json")
    let tokenizer = Tokenizer.learn(merges: 1000, from: expected.text)
    #expect(tokenizer.mergeCount == expected.merges.count)
    #expect(tokenizer.vocabularySize == expected.pieces.count)
    for (id, piece) in expected.pieces.enumerated() {
      #expect(tokenizer.piece(Int32(id)) == piece)
      #expect(tokenizer.id(of: piece) == Int32(id))
    }
    try withTemporaryFolder { folder in
      try tokenizer.save(to: folder)
      let lines = try String(contentsOfFile: "\(folder)/merges.txt", encoding: .utf8)
      #expect(lines == (["#version: 0.2"] + expected.merges).joined(separator: "\n") + "\n")
    }
  }

  @Test func idsAndDecodedTextAreThoseOfHuggingFace() throws {
    let expected: Learned = try fixture("tokenizer.json")
    let tokenizer = Tokenizer.learn(merges: 1000, from: expected.text)
    for line in expected.lines {
      #expect(tokenizer.encode(line.text) == line.ids, "\(line.text)")
      #expect(tokenizer.decode(line.ids) == line.decoded)
    }
    let fewer = Tokenizer.learn(merges: 40, from: expected.text)
    #expect(fewer.mergeCount == 40)
    #expect(fewer.vocabularySize == tokenizer.vocabularySize - expected.merges.count + 40)
  }

  @Test func lineBreaksAreWordsWhereTheVocabularyHasThem() throws {
    let tokenizer = Tokenizer.learn(merges: 10, from: "one two one two\n")
    let newline = try #require(tokenizer.newlineId)
    #expect(newline == Int32(tokenizer.vocabularySize - 1))
    let (one, two) = (tokenizer.encode("one"), tokenizer.encode("two"))
    #expect(tokenizer.encode("\n one \r\n\n two\n") == one + [newline] + two)
    #expect(tokenizer.decode(one + [newline] + two) == "one \n two")
    try withTemporaryFolder { folder in
      try tokenizer.save(to: folder)
      let path = "\(folder)/vocab.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try put(text.replacing(", \"\\n</w>\": \(newline)", with: "").utf8, at: path)
      let without = try Tokenizer.load(folder: folder)
      #expect(without.newlineId == nil)
      #expect(without.encode("one\ntwo") == one + two)
    }
  }

  @Test func unknownCharactersAreUnknownOneByOne() {
    let tokenizer = Tokenizer.learn(merges: 10, from: "ab ab ab")
    let unknown = tokenizer.unknownId
    #expect(unknown == 0)
    #expect(tokenizer.encode("zz") == [unknown, unknown])
    #expect(tokenizer.encode("").isEmpty)
    #expect(tokenizer.decode([unknown, -1, 99]) == "<unk><unk><unk>")
  }

  @Test func savedTokenizersLoadInBothLayouts() throws {
    let odd = "quote\" back\\slash é \u{2126} ω na\u{308}ive ".lowercased()
    let tokenizer = Tokenizer.learn(merges: 10, from: odd + odd)
    try withTemporaryFolder { folder in
      try tokenizer.save(to: folder)
      #expect(try Tokenizer.load(folder: folder).fingerprint == tokenizer.fingerprint)
      let manager = FileManager.default
      try manager.moveItem(
        atPath: "\(folder)/vocab.json", toPath: "\(folder)/encoder_bpe_40000.json")
      try manager.moveItem(atPath: "\(folder)/merges.txt", toPath: "\(folder)/vocab_40000.bpe")
      let loaded = try Tokenizer.load(folder: folder)
      #expect(loaded.fingerprint == tokenizer.fingerprint)
      #expect(loaded.encode(odd) == tokenizer.encode(odd))
    }
    #expect(Tokenizer.learn(merges: 9, from: odd + odd).fingerprint != tokenizer.fingerprint)
  }

  @Test(arguments: [
    (#"{"<unk>": 0, "a": 1,"#, "", "vocab.json", 1, "expected"),
    ("{\"<unk>\": 0,\n\"a\": x}", "", "vocab.json", 2, "whole number"),
    ("{\"<unk>\": 0,\n\"a\": 1,\n\"b\": 1}", "", "vocab.json", 3, "appears twice, first in line 2"),
    ("{\"<unk>\": 0,\n\"a\": 1,\n\"a\": 2}", "", "vocab.json", 3, "two ids, 1 and 2"),
    (#"{"<unk>": 0, "a": 2}"#, "", "vocab.json", nil, "no piece has the id 1"),
    (#"{"a": 0}"#, "", "vocab.json", nil, "<unk> is missing"),
    (#"{"<unk>": 0, "a\q": 1}"#, "", "vocab.json", 1, "escape"),
    (#"{"<unk>": 0} {"#, "", "vocab.json", 1, "end of the file"),
    (#"{"<unk>": 0, "a": 1, "b": 2}"#, "#version: 0.2\na b\n", "merges.txt", 2, "vocabulary"),
    (#"{"<unk>": 0, "a": 1, "aa": 2}"#, "#version: 0.2\na a\naa\n", "merges.txt", 3, "two pieces"),
    (#"{"<unk>": 0, "a": 1, "aa": 2}"#, "a a\na a\n", "merges.txt", 2, "twice"),
    (pieces, "#version: 0.2\na a\n", "merges.txt", nil, "makes 1 of the 8 pieces"),
    (pieces, "a a\n", "merges.txt", nil, "the first of them `aa</w>` (id 4): it was cut short"),
    (pieces, "", "merges.txt", nil, "is empty"),
    (pieces, "#version: 0.2\n", "merges.txt", nil, "makes 2 of the 8 pieces"),
  ])
  func brokenFilesAreRefusedByLine(
    vocabulary: String, merges: String, file: String, line: Int?, reason: String
  ) throws {
    try withTemporaryFolder { folder in
      try put(vocabulary.utf8, at: "\(folder)/vocab.json")
      try put(merges.utf8, at: "\(folder)/merges.txt")
      let error = try inputError { _ = try Tokenizer.load(folder: folder) }
      #expect(error.path == "\(folder)/\(file)")
      #expect(error.line == line)
      #expect(error.reason.contains(reason), "\(error)")
    }
  }

  /// One character, several of them, and tokens that stand for no text.
  private static let pieces =
    #"{"<unk>": 0, "a": 1, "\u044f</w>": 2, "aa": 3, "aa</w>": 4, "_start_": 5, "[PAD]": 6, "a</w>": 7}"#

  @Test func tokensThatStandForNoTextNeedNoMerge() throws {
    let files = ["vocab.json": Self.pieces, "merges.txt": "#version: 0.2\na a\na a</w>\n"]
    let ids = try withFiles(files) { try Tokenizer.load(folder: $0).encode("aaя aa") }
    #expect(ids == [3, 2, 4])
  }

  @Test func missingTokenizersAreRefused() throws {
    try withTemporaryFolder { folder in
      let empty = try inputError { _ = try Tokenizer.load(folder: folder) }
      #expect(empty.reason.contains("holds no tokenizer"))
      let missing = try inputError { _ = try Tokenizer.load(folder: "\(folder)/none") }
      #expect(missing.reason.contains("no such folder"))
    }
  }

  @Test func longWordsAndManyThreadsGiveTheSameIds() {
    // 15 bytes are the longest word that is remembered; the last letter must count at each length.
    let stems = (10...20).map { String(repeating: "river", count: 4).prefix($0) }
    let edges = stems.flatMap { ["\($0)a", "\($0)q"] }.joined(separator: " ")
    let text = "\(madeText(lines: 200)) \(edges) \(String(repeating: "riverboat", count: 2000))"
    let tokenizer = Tokenizer.learn(merges: 200, from: text)
    let expected = tokenizer.encode(text)
    #expect(
      tokenizer.decode(expected).filter { !$0.isWhitespace }
        == text.lowercased().filter { !$0.isWhitespace })
    let equal = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 16) { _ in
      let same = tokenizer.encode(text) == expected
      equal.withLock { $0 += same ? 1 : 0 }
    }
    #expect(equal.withLock { $0 } == 16)
  }
}
