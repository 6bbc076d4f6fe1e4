import Data
import Files
import Foundation
import TestSupport
import Testing

/// The files of each task as they are distributed, written by hand.
@Suite struct BuiltInTaskTests {
  private func expect(
    _ name: String, _ files: [String: String], train: [String]? = nil, dev: [String]? = nil,
    test: [String]? = nil, at location: SourceLocation = #_sourceLocation
  ) throws {
    try withFiles(files) { folder in
      let spec = try TaskSpec.named(name)
      #expect(train ?? dev ?? test != nil, "nothing is expected", sourceLocation: location)
      for (split, expected) in zip(TaskSplit.allCases, [train, dev, test]) {
        guard let expected else { continue }
        #expect(
          try summary(split, of: spec, in: folder) == expected, sourceLocation: location)
      }
    }
  }

  @Test func textsThatLookQuotedAreCountedAndReadAsTheyAre() throws {
    let odd = "sentence\tlabel\n\"he \"\"x\"\" y\"\t1\n\"plain\"\t0\n\"\"\"a\"\"\"\t1\n"
    try withFiles(["SST-2/train.tsv": odd, "SST-2/dev.tsv": "sentence\tlabel\n\"a\" b\t1\n"]) {
      folder in
      let spec = try TaskSpec.named("sst2")
      let found = try spec.read(.train, in: folder)
      #expect(found.examples.first?.texts == [#""he ""x"" y""#])
      #expect(found.notes.count == 1)
      #expect(
        found.notes.first?.contains(#"train.tsv:2: 2 texts look quoted, the first of them `"he "#)
          == true)
      #expect(try spec.read(.dev, in: folder).notes.isEmpty)
    }
  }

  @Test func colaIsGluesOrTheRelease() throws {
    let lines = "gj04\t1\t\tThey \"left\".\ngj04\t0\t*\tThey lefts.\n"
    try expect(
      "cola", ["train.tsv": lines, "dev.tsv": lines, "test.tsv": "index\tsentence\n0\tWho?\n"],
      train: ["They \"left\".=1", "They lefts.=0"], dev: ["They \"left\".=1", "They lefts.=0"],
      test: ["Who?"])
    for folder in ["", "raw/"] {
      try expect(
        "CoLA",
        [
          "\(folder)in_domain_train.tsv": lines, "\(folder)in_domain_dev.tsv": "a\t1\t\tIn.\n",
          "\(folder)out_of_domain_dev.tsv": "b\t0\t*\tOut.\n",
        ],
        train: ["They \"left\".=1", "They lefts.=0"], dev: ["In.=1", "Out.=0"])
    }
  }

  @Test func sst2HasAHeaderOrNone() throws {
    try expect(
      "sst2",
      [
        "train.tsv": "sentence\tlabel\nfine , really \t1\n",
        "test.tsv": "index\tsentence\n0\tbad\n",
      ],
      train: ["fine , really =1"], test: ["bad"])
    try expect(
      "SST-2", ["train.tsv": "a fine film\t1\na bad one\t0", "test.tsv": "so so\t0\n"],
      train: ["a fine film=1", "a bad one=0"], test: ["so so=0"])
  }

  @Test func mrpcHasAByteOrderMarkAndQuotesThatAreNone() throws {
    let header = "\u{FEFF}Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"
    let line = "1\t11\t12\t\"He left.\tHe \"\"went\"\r\n"
    let test = "\u{FEFF}index\t#1 ID\t#2 ID\t#1 String\t#2 String\n5\t1\t2\tOne.\tTwo.\n"
    try expect(
      "mrpc", ["train.tsv": header + line, "dev.tsv": header + line, "test.tsv": test],
      train: ["\"He left./He \"\"went\"=1"], dev: ["\"He left./He \"\"went\"=1"],
      test: ["One./Two."])
    try expect(
      "mrpc",
      [
        "msr_paraphrase_train.txt": header + line + line,
        "msr_paraphrase_test.txt": header + "0\t1\t2\tOne.\tTwo.",
      ],
      train: ["\"He left./He \"\"went\"=1"], dev: ["\"He left./He \"\"went\"=1"],
      test: ["One./Two.=0"])
  }

  @Test func stsbHasSevenColumnsOrNineOrGluesTen() throws {
    let lines = """
      main-news\theadlines\t2015\t0001\t3.25\tOne "here.\tTwo.
      main-news\theadlines\t2016\t0002\t5\tThree.\tFour.\tA source\tAnother
      """
    for suffix in ["csv", "tsv"] {
      let files = ["train", "dev", "test"].map { ("sts-\($0).\(suffix)", lines) }
      let expected = ["One \"here./Two.=3.25", "Three./Four.=5"]
      try expect(
        "STS-B", Dictionary(uniqueKeysWithValues: files), train: expected, dev: expected,
        test: expected)
    }
    let header = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2"
    let line = "0\tg\tf\t2012\t1\tnone\tnone\tOne.\tTwo."
    try expect(
      "stsb",
      ["train.tsv": "\(header)\tscore\n\(line)\t2.5\n", "test.tsv": "\(header)\n\(line)\n"],
      train: ["One./Two.=2.5"], test: ["One./Two."])
    try withFiles(["train.tsv": "\(header)\tscore\n\(line)\t5.5\n"]) { folder in
      let error = try inputError { _ = try TaskSpec.named("stsb").examples(.train, in: folder) }
      #expect(error.line == 2)
      #expect(error.reason == "the label `5.5` is unknown: expected a number from 0 to 5")
    }
  }

  @Test func qqpLeavesOutLinesThatAreCutButNotFromTheTestSplit() throws {
    let header = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
    let files = [
      "train.tsv": header
        + "9\t1\t2\tWhy?\tHow\ncome?\t1\n8\t3\t4\tWhy?\tHow?\t0\n7\t1\t2\tWhy?\t\t0\n",
      "dev.tsv": header + "9\t1\n",
      "test.tsv": "id\tquestion1\tquestion2\n0\tWhy?\tWho?\n1\tHow?\n",
    ]
    try withFiles(files) { folder in
      let spec = try TaskSpec.named("qqp")
      let contents = try spec.read(.train, in: folder)
      #expect(contents.examples == [TaskExample(id: "2", texts: ["Why?", "How?"], label: 0)])
      #expect(contents.leftOut == 3)
      let none = try inputError { _ = try spec.examples(.dev, in: folder) }
      #expect(none.reason.hasPrefix("has no examples for the dev split; the first line left out: "))
      #expect(none.reason.contains("dev.tsv:2: there are only 2 columns, but the header has 6"))
      let cut = try inputError { _ = try spec.examples(.test, in: folder) }
      #expect(cut.line == 3)
    }
  }

  @Test func entailmentTasksOfGlueHaveTheirOwnColumns() throws {
    try expect(
      "rte",
      [
        "train.tsv": "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tnot_entailment\n",
        "test.tsv": "index\tsentence1\tsentence2\n0\tC.\tD.\n",
      ],
      train: ["A./B.=1"], test: ["C./D."])
    try expect(
      "qnli",
      ["dev.tsv": "index\tquestion\tsentence\tlabel\n0\tWhat?\tThat.\tentailment\n"],
      dev: ["What?/That.=0"])
    let parses = "sentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse"
    let header = "index\tpromptID\tpairID\tgenre\t\(parses)\tsentence1\tsentence2"
    let line = "0\t1\t1n\tfiction\t( A )\t( B )\t(ROOT A)\t(ROOT B)\tA.\tB."
    for (name, kind) in [("mnli", "matched"), ("MNLI-mismatched", "mismatched")] {
      try expect(
        name,
        [
          "train.tsv": "\(header)\tlabel1\tgold_label\n\(line)\tneutral\tneutral\n",
          "dev_\(kind).tsv":
            "\(header)\tlabel1\tlabel2\tgold_label\n\(line)\tneutral\tneutral\tcontradiction\n",
          "test_\(kind).tsv": "\(header)\n\(line)\n",
        ],
        train: ["A./B.=1"], dev: ["A./B.=2"], test: ["A./B."])
    }
  }

  @Test func undecidedExamplesOfSNLIAndMNLIAreLeftOutAndCounted() throws {
    func line(_ label: String) -> String {
      "{\"annotator_labels\": [\"x\"], \"gold_label\": \"\(label)\", \"sentence1\": \"A \(label).\", "
        + "\"sentence1_parse\": \"(ROOT)\", \"sentence2\": \"B.\"}\n"
    }
    let lines = line("-") + line("entailment") + line("contradiction") + line("-")
    let expected = ["A entailment./B.=0", "A contradiction./B.=2"]
    try withFiles(["snli_1.0_train.jsonl": lines, "snli_1.0_test.jsonl": lines]) { folder in
      let spec = try TaskSpec.named("snli")
      #expect(try summary(.train, of: spec, in: folder) == expected)
      #expect(try summary(.test, of: spec, in: folder) == expected)
      let contents = try spec.read(.train, in: folder)
      #expect(contents.leftOut == 2)
      #expect(contents.examples.map(\.id) == ["1", "2"])
    }
    try expect("mnli", ["multinli_1.0_dev_matched.jsonl": lines], dev: expected)
    try expect("mnli-mismatched", ["multinli_1.0_dev_mismatched.jsonl": lines], dev: expected)
  }

  @Test func sciTailHasThreeColumnsWithoutAHeader() throws {
    for folder in ["", "tsv_format/"] {
      try expect(
        "scitail", ["\(folder)scitail_1.0_train.tsv": "\"A.\tB.\tneutral\nC.\tD.\tentails\n"],
        train: ["\"A./B.=0", "C./D.=1"])
    }
  }

  @Test func storyClozeHasFourSentencesAndTwoEndings() throws {
    let header =
      "InputStoryid,InputSentence1,InputSentence2,InputSentence3,InputSentence4,"
      + "RandomFifthSentenceQuiz1,RandomFifthSentenceQuiz2,AnswerRightEnding\n"
    let story = "s-1,One.,\"Two, then.\",Three.,Four.,\"He \"\"won\"\".\",He lost.,2\n"
    let name = "cloze_test_test__spring2016 - cloze_test_ALL_test.csv"
    try withFiles([name: header + story]) { folder in
      let examples = try TaskSpec.named("story_cloze").examples(.test, in: folder)
      #expect(
        examples == [
          TaskExample(
            id: "s-1", texts: ["One. Two, then. Three. Four."],
            answers: ["He \"won\".", "He lost."], label: 1)
        ])
    }
  }

  @Test func raceIsAFolderOfPassages() throws {
    func passage(_ answers: String) -> String {
      """
      {"answers": [\(answers)], "options": [["p", "q", "r", ""], ["s", "t", "u", "v"]],
       "questions": ["Who?", "It is _ ."], "article": "A\\nstory.", "id": "high2.txt"}
      """
    }
    try withFiles([
      "RACE/train/high/2.txt": passage("\"C\", \"A\""),
      "RACE/train/middle/1.txt": passage("\"B\", \"D\""),
      "RACE/train/.DS_Store": "x", "RACE/dev/high/3.txt": passage("\"A\""),
    ]) { folder in
      let spec = try TaskSpec.named("race")
      let examples = try spec.examples(.train, in: folder)
      #expect(examples.map(\.id) == ["high/2-0", "high/2-1", "middle/1-0", "middle/1-1"])
      #expect(examples.map(\.label) == [2, 0, 1, 3])
      #expect(examples[0].texts == ["A\nstory.", "Who?"])
      #expect(examples[1].answers == ["s", "t", "u", "v"])
      let error = try inputError { _ = try spec.examples(.dev, in: folder) }
      #expect(error.path == "\(folder)/RACE/dev/high/3.txt")
      #expect(error.reason.hasPrefix("does not have four options and one answer for each of its 2"))
      try put("{\"article\": 1}".utf8, at: "\(folder)/RACE/dev/high/3.txt")
      let other = try inputError { _ = try spec.examples(.dev, in: folder) }
      #expect(other.reason.hasPrefix("is not a RACE passage"))
    }
  }

  @Test func copaAsksForACauseOrAnEffect() throws {
    func item(_ id: Int, _ attributes: String) -> String {
      """
        <item id="\(id)" \(attributes)>
          <p>It rained &amp; rained.</p>
          <a1>The street was wet.</a1> <a2>It was May.</a2>
        </item>\n
      """
    }
    func corpus(_ items: String...) -> String {
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE copa-corpus SYSTEM "copa.dtd">
      <copa-corpus version="1.0">
      \(items.joined())</copa-corpus>
      """
    }
    func error(_ text: String) throws -> InputError {
      try withFiles(["copa-test.xml": text, "copa-dev.xml": text]) { folder in
        try inputError { _ = try TaskSpec.named("copa").examples(.train, in: folder) }
      }
    }
    let right = "most-plausible-alternative"
    let text = corpus(
      item(1, "asks-for=\"effect\" \(right)=\"1\""), item(2, "asks-for=\"cause\" \(right)=\"2\""),
      item(3, "asks-for=\"cause\""))
    try expect(
      "copa", ["copa-test.xml": text],
      test: [
        "It rained & rained./What happened as a result?/The street was wet./It was May.=0",
        "It rained & rained./What was the cause of this?/The street was wet./It was May.=1",
        "It rained & rained./What was the cause of this?/The street was wet./It was May.",
      ])
    #expect(try error(text).line == 12)
    #expect(try error(text).reason.hasPrefix("an item has no most-plausible-alternative"))
    #expect(try error(corpus(item(1, "asks-for=\"x\""))).reason.contains("no `asks-for` attribute"))
    #expect(
      try error(corpus(item(1, "asks-for=\"cause\" \(right)=\"3\""))).reason
        == "the label `3` is unknown: expected one of 1, 2")
    #expect(
      try error(corpus("<item id=\"1\" asks-for=\"cause\" \(right)=\"1\"><p>A.</p></item>\n"))
        .reason
        .contains("lacks one of p, a1 and a2"))
    // In a tag, between tags, in the last line.
    let whole = corpus(item(1, "asks-for=\"effect\" \(right)=\"1\""))
    for rest in [90, 40, 3] {
      #expect(try error(String(whole.dropLast(rest))).reason.hasPrefix("is not well-formed XML"))
    }
  }
}
