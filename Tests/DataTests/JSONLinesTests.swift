import Data
import Files
import Foundation
import TestSupport
import Testing

@Suite struct JSONLinesTests {
  @Test func fieldsAreFoundByTheirPaths() throws {
    let spec = try ownTask(
      "jsonl", texts: "[[q.stem, q.choices.1.text]]", label: "label", more: "id: q.id")
    let lines = """
      {"label": "a", "q": {"id": 7, "stem": "one", "choices": [{"text": "no"}, {"text": "two"}]}}

      {"stem": "no", "q": {"choices": [[], {"x": {"text": 1}, "text": "four"}], "stem": "three", "id": "8"}, "label": "b"}
      """
    let examples = try withFiles(["train.txt": lines]) { try spec.examples(.train, in: $0) }
    #expect(
      examples == [
        TaskExample(id: "7", texts: ["one two"], label: 0),
        TaskExample(id: "8", texts: ["three four"], label: 1),
      ])
  }

  @Test func valuesAreTakenAsTheyAreMeant() throws {
    let lines = #"""
      {"text": "a \"quote\", \\ and \u00e9\ud83d\ude00\n", "label": "a"}
      {"te\u0078t": "} ] , {", "label": "b", "more": [1, -2.5e3, true, null, {}, []]}
      {"text": 12.50, "label": "a"}
      {"text": true, "label": "b", "text2": "x"}
      """#
    let found = try withFiles(["train.txt": lines]) {
      try summary(.train, of: ownTask("jsonl"), in: $0)
    }
    #expect(found == ["a \"quote\", \\ and é😀\n=0", "} ] , {=1", "12.50=0", "true=1"])
  }

  @Test func labelsMayBeMissingFromTestSplitsAlone() throws {
    let line = "{\"text\": \"one\", \"label\": null}\n{\"text\": \"two\"}\n"
    let found = try withFiles(["test.txt": line]) {
      try summary(.test, of: ownTask("jsonl"), in: $0)
    }
    #expect(found == ["one", "two"])
    #expect(
      try complaint(about: line.utf8, as: ownTask("jsonl"))
        .hasPrefix(
          "train.txt:1: the field `label` is missing or null\ntrain.txt:2: the field `label`"))
  }

  @Test func whatIsNoObjectIsRefusedByItsLine() throws {
    let good = "{\"text\": \"one\", \"label\": \"a\"}\n"
    let malformed = "train.txt:2: is not JSON Lines (one object per line): "
    let wrong: [(line: String, start: String)] = [
      ("{\"text\": \"one\", \"label\": \"a\"", malformed + "expected , or } at byte 28"),
      ("{\"text\": \"one", malformed + "a string is not closed"),
      ("{\"text\": one, \"label\": \"a\"}", malformed + "expected a value at byte 9"),
      ("{\"text\": \"one\", \"label\": \"a\"} x", malformed + "expected the end of the line"),
      ("{\"text\" \"one\"}", malformed + "expected :"),
      ("{text: \"one\"}", malformed + "expected a name in quotes"),
      ("{\"text\": \"\\x\", \"label\": \"a\"}", malformed + "a string with a wrong escape"),
      ("[{\"text\": 1}]", malformed + "expected {"),
      (
        "{\"x\": \(String(repeating: "[", count: 200_000))",
        malformed + "more than a hundred levels"
      ),
      (
        "{\"text\": [\"one\"], \"label\": \"a\"}",
        "train.txt:2: the field `text` is a list or an object"
      ),
      ("{\"label\": \"a\"}", "train.txt:2: the field `text` is missing or null"),
      ("{\"text\": \" \", \"label\": \"a\"}", "train.txt:2: a text is empty"),
      ("{\"text\": \"one\", \"label\": 1}", "train.txt:2: the label `1` is unknown"),
    ]
    for (line, start) in wrong {
      let found = try complaint(about: (good + line).utf8, as: ownTask("jsonl"))
      #expect(found.hasPrefix(start), "\(found)")
    }
  }
}
