import Data
import Files
import Foundation
import TestSupport
import Testing

@Suite struct TaskSpecTests {
  @Test func namesAreFoundHoweverTheyAreWritten() throws {
    let names = TaskSpec.builtIn.map(\.name)
    #expect(
      names == [
        "cola", "sst2", "mrpc", "stsb", "qqp", "rte", "qnli", "mnli", "mnli-mismatched", "snli",
        "scitail", "story-cloze", "race", "copa",
      ])
    for name in names {
      #expect(try TaskSpec.named(name).name == name)
      #expect(try TaskSpec.named(name.uppercased()).name == name)
    }
    #expect(try TaskSpec.named("SST-2").name == "sst2")
    #expect(try TaskSpec.named("Story Cloze").name == "story-cloze")
  }

  @Test func aMisspeltNameIsAnsweredWithTheNearest() throws {
    for (wrong, right) in [("colla", "cola"), ("mrcp", "mrpc"), ("sst-3", "sst2"), ("rac", "race")]
    {
      let error = try inputError { _ = try TaskSpec.named(wrong) }
      #expect(error.reason == "there is no task `\(wrong)`; did you mean `\(right)`?")
    }
    let error = try inputError { _ = try TaskSpec.named("squad") }
    #expect(error.reason.hasPrefix("there is no task `squad`; `gpt1-dist tasks` lists the tasks"))
  }

  @Test(arguments: TaskSpec.builtIn) func aTaskIsConsistent(_ spec: TaskSpec) {
    switch spec.answer {
    case .classes(let labels): #expect(spec.files.labels == labels)
    case .choices(let count): #expect(spec.files.labels.count == count)
    case .score: #expect(spec.files.labels == [])
    }
    #expect((spec.transformation == .multipleChoice) == (spec.answer.outputs == 1))
    #expect((spec.transformation == .multipleChoice) == (spec.zeroShot == .answers))
    #expect(!spec.metrics.isEmpty)
    for layout in spec.files.layouts {
      #expect(layout.splits[.train] != nil)
      #expect((layout.splits[.dev] == nil) == (layout.holdOut != nil))
    }
  }

  @Test func aFolderIsSearchedForTheFilesOrTheirFolder() throws {
    let text = "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tentailment\n"
    let rte = try TaskSpec.named("rte")
    for folder in ["", "RTE/", "rte/"] {
      try withFiles(["\(folder)train.tsv": text, "other/train.tsv": ""]) { root in
        #expect(try rte.examples(.train, in: root).count == 1)
        #expect(try rte.examples(.train, in: root + "/").count == 1)
        #expect(try rte.splits(in: root) == [.train])
        let error = try inputError { _ = try rte.examples(.dev, in: root) }
        #expect(error.path == "\(root)/\(folder)dev.tsv")
        #expect(error.reason == "is missing; get the files from https://gluebenchmark.com/tasks")
      }
    }
    let header = "index\tquestion\tsentence\n"
    let splits = try withFiles(["MNLI/train.tsv": header, "qnli/dev.tsv": header]) { folder in
      try ["mnli-mismatched", "qnli"].map { try TaskSpec.named($0).splits(in: folder) }
    }
    #expect(splits == [[.train], [.dev]])
  }

  @Test func theLayoutOfWhichMostIsThereIsRead() throws {
    let files = [
      "test.tsv": "index\tsentence\n0\tA.\n", "in_domain_train.tsv": "x\t1\t\tB.\n",
      "in_domain_dev.tsv": "x\t1\t\tC.\n", "out_of_domain_dev.tsv": "x\t1\t\tD.\n",
    ]
    try withFiles(files) { folder in
      let cola = try TaskSpec.named("cola")
      #expect(try cola.splits(in: folder) == [.train, .dev])
      #expect(try cola.examples(.train, in: folder).map(\.texts) == [["B."]])
      let error = try inputError { _ = try cola.examples(.test, in: folder) }
      #expect(error.reason.hasPrefix("cola has no test split in in_domain_train.tsv, "))
    }
  }

  @Test func aFolderWithoutFilesIsRefusedWithWhatIsExpected() throws {
    try withFiles(["readme": "x"]) { folder in
      let stsb = try TaskSpec.named("stsb")
      let error = try inputError { _ = try stsb.examples(.train, in: folder) }
      #expect(error.path == folder)
      #expect(
        error.reason.hasPrefix(
          "holds no files of stsb: expected train.tsv, dev.tsv, test.tsv; or sts-train.csv, "))
      #expect(error.reason.hasSuffix("get the files from \(stsb.source)"))
      let missing = try inputError { _ = try stsb.examples(.train, in: "\(folder)/gone") }
      #expect(missing.reason.hasPrefix("there is no such folder"))
      #expect(missing.reason.contains(stsb.source))
    }
  }

  @Test(arguments: [("mrpc", 4076, 408), ("copa", 500, 100), ("story-cloze", 1871, 374)])
  func whatIsHeldOutIsAFixedShareAndTheRestIsTraining(name: String, count: Int, held: Int) throws {
    let spec = try TaskSpec.named(name)
    let path = try #require(spec.files.layouts.last?.splits[.train]?.paths.first)
    let story = "InputStoryid,InputSentence1,InputSentence2,InputSentence3,InputSentence4,"
    let header = [
      "mrpc": "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n", "copa": "<copa-corpus>",
      "story-cloze": story
        + "RandomFifthSentenceQuiz1,RandomFifthSentenceQuiz2,AnswerRightEnding\n",
    ]
    let lines = (0..<count).map { place in
      switch name {
      case "mrpc": "1\t1\t2\tText \(place).\tText.\n"
      case "copa":
        "<item id=\"\(place)\" asks-for=\"cause\" most-plausible-alternative=\"1\">"
          + "<p>Text \(place).</p><a1>A</a1><a2>B</a2></item>\n"
      default: "\(place),Text \(place).,a,b,c,d,e,1\n"
      }
    }
    let end = name == "copa" ? "</copa-corpus>" : ""
    try withFiles([path: (header[name] ?? "") + lines.joined() + end]) { folder in
      let train = try spec.examples(.train, in: folder)
      let dev = try spec.examples(.dev, in: folder)
      #expect(dev.count == held)
      #expect(train.count == count - held)
      // Numbers of both in order, none twice: disjoint, complete, and as they stand in the file.
      let ids = [train, dev].map { $0.compactMap { Int($0.id) } }
      #expect(ids[0] == ids[0].sorted() && ids[1] == ids[1].sorted())
      #expect(Set(ids[0] + ids[1]) == Set(0..<count))
      #expect(try spec.examples(.dev, in: folder) == dev)
      #expect(try spec.read(.dev, in: folder).isHeldOut)
      #expect(try !spec.read(.train, in: folder).isHeldOut)
      // The first places of all versions to come.
      #expect(Array(ids[1].prefix(3)) == firstHeldOut[name])
      #expect(try spec.splits(in: folder) == [.train, .dev])
    }
  }

  private let firstHeldOut = [
    "mrpc": [5, 16, 23], "copa": [1, 7, 14], "story-cloze": [1, 7, 14],
  ]

  @Test func predictionsAreWrittenAsTheirJudgesReadThem() throws {
    func text(_ name: String, _ ids: [String], _ predictions: [Double]) throws -> String {
      try TaskSpec.named(name).submissionText(ids: ids, predictions: predictions)
    }
    #expect(try text("cola", ["0", "1"], [1, 0]) == "index\tprediction\n0\t1\n1\t0\n")
    #expect(
      try text("qnli", ["0", "1"], [1, 0])
        == "index\tprediction\n0\tnot_entailment\n1\tentailment\n")
    #expect(try text("mnli", ["7"], [2]) == "index\tprediction\n7\tcontradiction\n")
    #expect(
      try text("stsb", ["0", "1"], [2.5, 4.99999]) == "index\tprediction\n0\t2.5000\n1\t5.0000\n")
    #expect(
      try text("story-cloze", ["s-1", "s-2"], [0, 1])
        == "InputStoryid,AnswerRightEnding\ns-1,1\ns-2,2\n")
    #expect(try text("race", ["high/1-0"], [3]) == "id\tprediction\nhigh/1-0\tD\n")
    #expect(try text("snli", ["3"], [0]) == "id\tprediction\n3\tentailment\n")
    #expect(try text("copa", [], []) == "id\tprediction\n")
  }
}
