import Data
import Files
import Foundation
import TestSupport
import Testing

@Suite struct LabelTests {
  private func message(_ label: String, labels: String, score: Bool = false) throws -> String {
    try withFiles(["train.txt": "text\tlabel\none\t\(label)\n"]) { folder in
      try put(
        """
        name: own
        transformation: \(score ? "similarity" : "classification")
        format: tsv
        files: {train: train.txt}
        texts: \(score ? "[text, text]" : "text")
        label: label
        \(score ? "score: 5" : "labels: \(labels)")
        """.utf8, at: "\(folder)/own.yaml")
      let spec = try TaskSpec.named("\(folder)/own.yaml")
      return try inputError { _ = try spec.examples(.train, in: folder) }.reason
    }
  }

  @Test func theNearestLabelIsProposedAndWhatCannotBeSeenIsShown() throws {
    let labels = "[\"0\", \"1\", good, not_good]"
    for (label, shown, meant) in [
      ("1.0", "1.0", "1"), ("1e0", "1e0", "1"), ("0.0", "0.0", "0"), ("Good", "Good", "good"),
      ("goood", "goood", "good"), (" good", " good", "good"), ("not-good", "not-good", "not_good"),
      ("good\u{A0}", "good<U+00A0>", "good"), ("good\u{200B}", "good<U+200B>", "good"),
      ("g\u{43E}od", "g<U+043E>od", "good"), ("\u{FEFF}good", "<U+FEFF>good", "good"),
      ("ｇｏｏｄ", "<U+FF47><U+FF4F><U+FF4F><U+FF44>", "good"),
      ("\u{202E}good", "<U+202E>good", "good"),
      ("\"good\"", "\"good\"", "good"), ("good\u{7}", "good<U+0007>", "good"),
      ("not\u{2011}good", "not\u{2011}good", "not_good"),
    ] {
      let found = try message(label, labels: labels)
      #expect(
        found.hasPrefix(
          "the label `\(shown)` is unknown: expected one of 0, 1, good, not_good; did you mean `\(meant)`?"
        ),
        "\(found)")
    }
    for label in ["2", "-1", "x", "gut", String(repeating: "word ", count: 100)] {
      let found = try message(label, labels: labels)
      #expect(found.hasSuffix("expected one of 0, 1, good, not_good"), "\(found)")
      #expect(found.utf8.count < 200)
    }
    // The file is right and the description is not.
    #expect(
      try message("good", labels: "[bad, g\u{43E}od]")
        == "the label `good` is unknown: expected one of bad, g<U+043E>od; did you mean `g<U+043E>od`?"
    )
    let many = try message("x", labels: "[\((1...60).map { "l\($0)" }.joined(separator: ", "))]")
    #expect(many.hasSuffix("l20 and 40 others"))
  }

  @Test func scoresAreNumbersAsOthersReadThem() throws {
    for (score, meant) in [("3,5", "3.5"), ("3.5 ", "3.5")] {
      #expect(
        try message(score, labels: "", score: true)
          == "the label `\(score)` is unknown: expected a number from 0 to 5; did you mean `\(meant)`?"
      )
    }
    for score in ["0x3", "inf", "nan", "5.5", "-1", "3_0"] {
      #expect(
        try message(score, labels: "", score: true)
          == "the label `\(score)` is unknown: expected a number from 0 to 5")
    }
  }

  @Test func labelsThatAreNotPublicAreNoneInTestSplits() throws {
    let marks = ["-1", "", "  ", "-", "null", "None", "NaN", "?", "-1.0"]
    func examples(_ name: String, _ files: [String: String]) throws -> [TaskExample] {
      try withFiles(files) { try TaskSpec.named(name).examples(.test, in: $0) }
    }
    for mark in marks {
      let tables = [("csv", ","), ("tsv", "\t")].map { format, separator in
        (format, "text\(separator)label\none\(separator)\(mark)\ntwo\(separator)a\n")
      }
      let json =
        "{\"text\": \"one\", \"label\": \"\(mark)\"}\n{\"text\": \"two\", \"label\": \"a\"}\n"
      for (format, text) in tables + [("jsonl", json)] {
        let found = try withFiles(["test.txt": text]) {
          try summary(.test, of: ownTask(format), in: $0)
        }
        #expect(found == ["one", "two=0"], "\(format) \(mark)")
      }
      let pair = "index\tsentence1\tsentence2"
      for (name, label) in [("rte", "label"), ("stsb", "score")] {
        let found = try examples(name, ["test.tsv": "\(pair)\t\(label)\n0\tA.\tB.\t\(mark)\n"])
        #expect(found.map(\.label) == [nil], "\(name) \(mark)")
      }
      #expect(
        try examples(
          "sst2", ["train.tsv": "a\t1\n", "test.tsv": "index\tsentence\tlabel\n0\tso\t\(mark)\n"]
        )
        .map(\.label) == [nil])
      #expect(
        try examples("scitail", ["scitail_1.0_test.tsv": "A.\tB.\t\(mark)\n"]).map(\.label) == [nil]
      )
      #expect(
        try examples(
          "copa",
          [
            "copa-test.xml":
              "<x><item asks-for=\"cause\" most-plausible-alternative=\"\(mark)\"><p>A</p><a1>B</a1><a2>C</a2></item></x>"
          ]
        ).map(\.label) == [nil])
      let passage =
        "{\"answers\": [\"\(mark)\"], \"options\": [[\"p\", \"q\", \"r\", \"s\"]], \"questions\": [\"Who?\"], \"article\": \"A.\"}"
      #expect(try examples("race", ["test/high/1.txt": passage]).map(\.label) == [nil])
      #expect(
        try examples("race", ["test/high/1.txt": passage.replacing("\"\(mark)\"", with: "null")])
          .map(\.label) == [nil])
      for name in ["snli", "mnli"] {
        let file = name == "snli" ? "snli_1.0_test.jsonl" : "test_matched.tsv"
        let text =
          name == "snli"
          ? "{\"gold_label\": \"\(mark)\", \"sentence1\": \"A\", \"sentence2\": \"B\"}\n"
          : "\(pair)\tgold_label\n0\tA\tB\t\(mark)\n"
        #expect(try examples(name, [file: text]).map(\.label) == [nil], "\(name) \(mark)")
      }
      // Training needs them.
      #expect(
        try complaint(about: "text,label\none,\(mark)\n".utf8, as: ownTask("csv")).contains(
          "is unknown"))
    }
    // A task may call a class so.
    let spec = try withFiles([
      "own.yaml": """
      name: own
      transformation: classification
      format: csv
      files: {train: train.txt, test: test.txt}
      texts: text
      label: label
      labels: ["-1", "1"]
      """
    ]) { try TaskSpec.named("\($0)/own.yaml") }
    let own = try withFiles(["test.txt": "text,label\none,-1\n"]) {
      try spec.examples(.test, in: $0)
    }
    #expect(own.map(\.label) == [0])
    // SciTail's test file may lack the column; SST-2's without a header too.
    #expect(try examples("scitail", ["scitail_1.0_test.tsv": "A.\tB.\n"]).map(\.label) == [nil])
    #expect(
      try examples("sst2", ["train.tsv": "a\t1\n", "test.tsv": "so so\n"]).map(\.label) == [nil])
  }

  @Test func valuesAreShownOnOneLineAndCut() {
    for (value, shown) in [
      ("plain é 😀", "`plain é 😀`"), ("a\tb\nc\r", "`a\\tb\\nc\\r`"),
      ("\u{1B}[31m", "`<U+001B>[31m`"),
      ("a\u{2028}b\u{E000}", "`a<U+2028>b<U+E000>`"), ("\u{200D}", "`<U+200D>`"),
      ("\r\n", "`\\r\\n`"),
      (String(repeating: "x", count: 61), "`\(String(repeating: "x", count: 60))…`"),
    ] {
      #expect(value.reported() == shown)
    }
    #expect("x" + String(repeating: "\u{301}", count: 1000).reported() != "")
    #expect(("x" + String(repeating: "\u{301}", count: 1000)).reported().unicodeScalars.count == 63)
    #expect("a\nb \u{1B}[0m\u{A0}".withoutControls == "a\\nb <U+001B>[0m\u{A0}")
  }

  @Test func namesOfExamplesThatAreStrangeAreTold() throws {
    let spec = try TaskSpec.named("snli")
    #expect(spec.submissionWarnings(ids: ["1", "2"]) == [])
    let found = spec.submissionWarnings(ids: ["same\t", "", "same\t", "same\t", "x"])
    #expect(found.count == 2)
    #expect(found[0] == "1 of 5 examples have an empty name")
    #expect(
      found[1]
        == "2 of 5 examples have the same name as an earlier example, the first of them `same\\t`")
  }
}
