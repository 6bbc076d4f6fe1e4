import Data
import Files
import Foundation
import TestSupport
import Testing

@Suite struct TaskYAMLTests {
  private static let choices = """
    name: quiz
    about: What is right?
    source: a drawer
    transformation: multiple-choice
    format: jsonl
    files:
      train: [one.jsonl, two.jsonl]
    hold-out: 0.25
    texts: [story, [q.start, q.end]]
    answers: [a.0, a.1, a.2]
    label: right
    choices: [A, B, C]
    zero-shot: answers
    """

  @Test func aFileListedTwiceIsReadOnceAndTold() throws {
    let lines = "text,label\none,a\n"
    try withFiles(["train.txt": lines, "more.txt": lines]) { folder in
      for (name, target) in [("link.txt", "train.txt"), ("folder", ".")] {
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/\(name)", withDestinationPath: target)
      }
      let spec = try ownTask(
        "csv", file: "[train.txt, train.txt, ./more.txt, link.txt, folder/more.txt]")
      let found = try spec.read(.train, in: folder)
      #expect(found.examples.count == 2)
      #expect(found.paths == ["train.txt", "./more.txt"].map { "\(folder)/\($0)" })
      let again = ["train.txt", "link.txt", "folder/more.txt"].map { "\(folder)/\($0)" }
      #expect(
        found.notes == [
          "3 files are listed more than once for the train split, and are read once: "
            + again.joined(separator: ", ")
        ])
    }
  }

  private static let pairs = """
    name: pairs
    transformation: similarity
    format: tsv
    quoting: rfc4180
    header: false
    files: {train: t.tsv, dev: d.tsv, test: e.tsv}
    id: 1
    texts: [3, 4]
    label: 2
    score: 10
    metrics: [spearman]
    """

  @Test func multipleChoiceIsRead() throws {
    func line(_ id: Int) -> String {
      "{\"story\": \"S\(id)\", \"q\": {\"start\": \"He\", \"end\": \"won\"}, "
        + "\"a\": [\"x\", \"y\", \"z\"], \"right\": \"C\"}\n"
    }
    let files = [
      "task.yaml": TaskYAMLTests.choices, "one.jsonl": line(0) + line(1),
      "two.jsonl": line(2) + line(3),
    ]
    try withFiles(files) { folder in
      let spec = try TaskSpec.named("\(folder)/task.yaml")
      #expect(
        [spec.name, spec.about, spec.source] == ["quiz", "What is right?", "a drawer"])
      #expect(spec.transformation == .multipleChoice)
      #expect(spec.answer == .choices(3))
      #expect(spec.metrics == [.accuracy])
      #expect(spec.zeroShot == .answers)
      let (train, dev) = (
        try spec.examples(.train, in: folder), try spec.examples(.dev, in: folder)
      )
      #expect(train.count == 3)
      #expect(Set((train + dev).map(\.texts)) == Set((0...3).map { ["S\($0)", "He won"] }))
      #expect((train + dev).allSatisfy { $0.answers == ["x", "y", "z"] && $0.label == 2 })
      #expect(spec.submissionText(ids: ["0"], predictions: [1]) == "id\tprediction\n0\tB\n")
    }
  }

  @Test func scoresAreRead() throws {
    let files = ["task.yml": TaskYAMLTests.pairs, "d.tsv": "x\t7.5\t\"one\ttwo\"\tthree\n"]
    try withFiles(files) { folder in
      let spec = try TaskSpec.named("\(folder)/task.yml")
      #expect(spec.answer == .score(upTo: 10))
      #expect(spec.metrics == [.spearman])
      #expect(spec.zeroShot == nil)
      #expect(
        try spec.examples(.dev, in: folder)
          == [TaskExample(id: "x", texts: ["one\ttwo", "three"], label: 7.5)])
      #expect(try spec.splits(in: folder) == [.dev])
      let error = try inputError { _ = try spec.examples(.train, in: folder) }
      #expect("\(error)" == "\(folder)/t.tsv: is missing")
    }
  }

  @Test func whatIsLeftOutHasADefault() throws {
    let spec = try ownTask("csv")
    #expect(spec.metrics == [.accuracy])
    #expect(spec.source == "")
    #expect(spec.submission == .plain)
    #expect(try ownTask("tsv", more: "metrics: [f1, matthews]").metrics == [.f1, .matthews])
  }

  /// For each the text that is replaced, by what, and the complaint.
  private static let mistakes: [(old: String, new: String, complaint: String)] = [
    ("label: right", "lable: right", "11: unknown key `lable`; did you mean `label`?"),
    ("label: right", "weight: 1", "11: unknown key `weight`; the keys are name, about, "),
    ("name: quiz\n", "", " `name` is missing"),
    ("name: quiz", "name: [a, b]", "1: `name`: expected one value"),
    (
      "multiple-choice", "multiple-choise",
      "4: `transformation`: `multiple-choise` is unknown: expected one of classification, entailment, similarity, multiple-choice; did you mean `multiple-choice`?"
    ),
    ("transformation: multiple-choice\n", "", " `transformation` is missing: one of"),
    (
      "format: jsonl", "format: json",
      "5: `format`: `json` is unknown: expected one of csv, tsv, jsonl; did you mean `jsonl`?"
    ),
    ("format: jsonl\n", "", " `format` is missing: one of csv"),
    ("format: jsonl", "format: jsonl\nheader: true", "6: `header`: does not apply to jsonl"),
    (
      "format: jsonl", "format: csv\nheader: perhaps",
      "6: `header`: expected true or false, found `perhaps`"
    ),
    ("  train: [one.jsonl, two.jsonl]", "  dev: one.jsonl", "6: `files`: `train` is missing"),
    ("train:", "trian:", "7: unknown key `trian`; did you mean `train`?"),
    (
      "files:\n  train: [one.jsonl, two.jsonl]", "files: one.jsonl", "6: `files`: expected lines of"
    ),
    ("[one.jsonl, two.jsonl]", "[[one.jsonl, two.jsonl]]", "7: `train`: expected a list of single"),
    ("[one.jsonl, two.jsonl]", "[]", "7: `train`: the list is empty"),
    (
      "two.jsonl]", "two.jsonl]\n  dev: d.jsonl",
      "9: `hold-out`: cannot be combined with a file for `dev`"
    ),
    (
      "hold-out: 0.25", "hold-out: 1.5",
      "8: `hold-out`: expected a share between 0 and 1, found `1.5`"
    ),
    ("texts: [story, [q.start, q.end]]\n", "", " `texts` is missing"),
    ("[story, [q.start, q.end]]", "[story, a, b]", "9: `texts`: multiple-choice takes one or two"),
    ("[story, [q.start, q.end]]", "{a: b}", "9: `texts`: expected a value or a list of values"),
    ("answers: [a.0, a.1, a.2]\n", "", " `answers` is missing: the 3 columns"),
    ("a.1, a.2]", "a.1]", "10: `answers`: there are 2, but 3 `choices`"),
    ("label: right\n", "", " `label` is missing"),
    ("choices: [A, B, C]\n", "", " `choices` is missing: the labels that stand"),
    ("[A, B, C]", "[A, B, A]", "12: `choices`: expected two or more different values"),
    ("[A, B, C]", "[A]", "12: `choices`: expected two or more"),
    ("choices:", "labels:", "12: `labels`: multiple-choice takes `choices`"),
    ("[A, B, C]", "[A, B, C]\nscore: 4", "13: `score`: cannot be combined with `choices`"),
    (
      "[A, B, C]", "[A, B, C]\nmetrics: [f1]",
      "13: `metrics`: f1 does not suit these answers; choose from accuracy"
    ),
    ("[A, B, C]", "[A, B, C]\nmetrics: [acuracy]", "13: `metrics`: `acuracy` is unknown"),
    (
      "zero-shot: answers", "zero-shot: magic",
      "13: `zero-shot`: `magic` is unknown: expected one of answers"
    ),
    ("label: right", "label: right\nlabel: x", ": the key `label` is given twice"),
    ("label: right", "label: [right", ": is not YAML: "),
    (choices, "- a\n- b\n", "1: expected lines of `key: value`"),
    (choices, "# nothing\n", " expected lines of `key: value`"),
  ]

  @Test func mistakesAreRefusedByTheirLine() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/task.yaml"
      for (old, new, complaint) in TaskYAMLTests.mistakes {
        try put(TaskYAMLTests.choices.replacing(old, with: new).utf8, at: path)
        let found = "\(try inputError { _ = try TaskSpec.named(path) })".replacing(path, with: "")
        #expect(found.contains(complaint), "\(new): \(found)")
        #expect(found.hasPrefix(":"))
      }
    }
  }

  @Test func pairsHaveTwoTextsAndScoresAHighest() throws {
    for (old, new, complaint) in [
      ("[3, 4]", "[3]", ":8: `texts`: similarity takes two"),
      (
        "score: 10", "score: ten",
        ":10: `score`: expected the highest score, a number from 1 to 100"
      ),
      ("score: 10", "score: 0", ":10: `score`: expected the highest score"),
      ("score: 10\n", "", ": `labels` is missing"),
      ("score: 10", "choices: [1, 2]", ":10: `choices`: similarity takes `labels` or `score`"),
      ("[spearman]", "accuracy", ":11: `metrics`: accuracy does not suit"),
      (
        "score: 10", "score: 10\nzero-shot: answers",
        ":11: `zero-shot`: `answers` works only for multiple-choice"
      ),
      (
        "score: 10", "score: 10\nanswers: [5]",
        ":11: `answers`: only multiple-choice tasks have answers"
      ),
    ] {
      try withFiles(["task.yaml": TaskYAMLTests.pairs.replacing(old, with: new)]) { folder in
        let found = "\(try inputError { _ = try TaskSpec.named("\(folder)/task.yaml") })"
        #expect(found.contains("task.yaml\(complaint)"), "\(found)")
      }
    }
  }

  @Test func aFileThatIsNoTextIsRefused() throws {
    try withTemporaryFolder { folder in
      try put([0x6E, 0xE9, 0x0A], at: "\(folder)/task.yaml")
      #expect(
        try inputError { _ = try TaskSpec.named("\(folder)/task.yaml") }.reason.contains("Latin-1"))
      let missing = try inputError { _ = try TaskSpec.named("\(folder)/gone.yaml") }
      #expect(missing.path == "\(folder)/gone.yaml")
    }
  }
}
