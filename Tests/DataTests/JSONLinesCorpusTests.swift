import Data
import Files
import Foundation
import TestSupport
import Testing
import Tokenization

@Suite struct JSONLinesCorpusTests {
  private func texts(_ lines: String, field: String = "text") throws -> [String] {
    try withFiles(["c.jsonl": lines]) {
      try JSONLinesText(field: field).texts(of: "\($0)/c.jsonl")
    }
  }

  @Test func theFieldOfEachLineIsRead() throws {
    #expect(
      try texts(
        """
        {"id": 1, "text": "one \\u00e9\\n", "more": {"text": "no"}}

        {"text": "\\ud83d\\ude00 \\"two\\" \\\\ \\/ \\b\\f\\r\\t"}\r
          {"te\\u0078t": "three", "list": [{"text": 1}]}
        """) == ["one é\n", "😀 \"two\" \\ / \u{8}\u{C}\r\t", "three"])
    #expect(try texts("\u{FEFF}{\"a\": {\"b\": \"deep\"}}\n", field: "a.b") == ["deep"])
  }

  @Test(arguments: [
    (#"{"id": 1}"#, "the field `text` is missing or null; the object has id"),
    (
      #"{"txt": "a"}"#,
      "the field `text` is missing or null; the object has txt; did you mean `txt`?"
    ),
    (#"{"text": null}"#, "the field `text` is null, not a string; give it a text"),
    (#"{"text": 7}"#, "the field `text` is 7, not a string"),
    (#"{"text": true}"#, "the field `text` is true, not a string"),
    (#"{"text": ["a"]}"#, "the field `text` is a list or an object"),
    (#"{"text": "a\ud800"}"#, "half a surrogate pair"),
    (#"{"text": "a\udc00b"}"#, "half a surrogate pair"),
    (#"{"text": "a\ud800\u0041"}"#, "half a surrogate pair"),
    (#"{"text": "a\ud83d\ud83d"}"#, "half a surrogate pair"),
    (#"{"text": "\u12g4"}"#, "four hexadecimal digits"),
    (#"{"text": "\x"}"#, "a string with a wrong escape"),
    (#"{"text": "a"#, "a string is not closed"),
    (#"{"text": "a"} {}"#, "expected the end of the line"),
    (#"["a"]"#, "expected {"), ("plain text", "expected {"),
  ])
  func whatIsNoTextIsRefusedByLine(line: String, reason: String) throws {
    let error = try inputError {
      _ = try texts("{\"text\": \"a\"}\n\n\(line)\n{\"text\": \"b\"}\n")
    }
    #expect(error.line == 3)
    #expect(error.reason.contains(reason), "\(error)")
  }

  @Test func theIdsAreThoseOfTheTexts() throws {
    try withTemporaryFolder { folder in
      let lines = madeText(lines: 3_000).split(separator: "\n").map(String.init)
      let encoder = JSONEncoder()
      let objects = try lines.map {
        String(decoding: try encoder.encode(["id": "x", "text": "\($0)"]), as: UTF8.self)
      }
      try put(objects.joined(separator: "\n").utf8, at: "\(folder)/json/a.jsonl")
      try put("not read".utf8, at: "\(folder)/json/b.txt")
      let plain = try prepare(lines.joined(separator: "\n"), in: folder) {
        $0.validationFraction = 0
      }
      let info = try prepare("", in: folder, out: "json-data") {
        ($0.inputs, $0.field, $0.validationFraction) = (["\(folder)/json"], "text", 0)
        $0.threads = 2
      }
      #expect(try ids("\(folder)/json-data") == ids("\(folder)/data"))
      #expect(info.tokenizerFingerprint == plain.tokenizerFingerprint)
      #expect(info.field == "text" && plain.field == nil)
      #expect(info.unknownTokens == 0 && info.unknownShare == 0)
    }
  }

  @Test func aLineLongerThanWhatIsReadAtOnceIsOneObject() throws {
    try withTemporaryFolder { folder in
      let long = String(repeating: "the cat sat on the mat ", count: 150_000)  // 3.4 MB
      try put("{\"text\": \"\(long)\"}\n{\"text\": \"end\"}\n".utf8, at: "\(folder)/a.jsonl")
      let info = try prepare("", in: folder) {
        ($0.inputs, $0.field, $0.validationFraction) = (["\(folder)/a.jsonl"], "text", 0)
        $0.tokenizer = .train(merges: 20)
      }
      #expect(info.train.tokens > 150_000 * 6)
      let tokenizer = try Tokenizer.load(folder: "\(folder)/data")
      #expect(tokenizer.decode(try ids("\(folder)/data").suffix(4)).hasSuffix("\n end"))
    }
  }

  @Test func linesAreCountedAcrossBlocks() throws {
    try withTemporaryFolder { folder in
      let line = "{\"text\": \"\(String(repeating: "cat ", count: 30))\"}\n"
      let text = String(repeating: line, count: 15_000) + "{\"text\": 1}\n"  // two chunks
      try put(text.utf8, at: "\(folder)/a.jsonl")
      let error = try inputError {
        _ = try prepare("", in: folder) { ($0.inputs, $0.field) = (["\(folder)/a.jsonl"], "text") }
      }
      #expect(error.line == 15_001 && error.path == "\(folder)/a.jsonl", "\(error)")
    }
  }
}
