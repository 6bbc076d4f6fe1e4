import Files

extension TaskSpec {
  /// The built-in tasks: those of the paper's tables, and the other tasks of GLUE.
  public static let builtIn = [
    cola, sst2, mrpc, stsb, qqp, rte, qnli, mnli(), mnli(mismatched: true), snli, scitail,
    storyCloze, race, copa,
  ]

  /// The task with the given name, in any case, or the task in the YAML file at the given path.
  ///
  /// - Throws: for an unknown name, with the most similar known one; for a file that does not follow docs/TASKS.md
  public static func named(_ nameOrPath: String) throws(InputError) -> TaskSpec {
    if nameOrPath.hasSuffix(".yaml") || nameOrPath.hasSuffix(".yml") {
      return try TaskYAML.read(nameOrPath)
    }
    if let known = builtIn.first(where: { plain($0.name) == plain(nameOrPath) }) { return known }
    throw InputError(
      "there is no task \(nameOrPath.reported())"
        + Nearest.suggestion(
          for: nameOrPath, among: builtIn.map(\.name),
          otherwise:
            "; `gpt1-dist tasks` lists the tasks; for a task of your own, give the path of its .yaml file"
        ))
  }
}

extension TaskSpec {
  private static let glueSource = "https://gluebenchmark.com/tasks"

  private static let cola: TaskSpec = {
    let columns = ["source", "label", "mark", "sentence"]
    let raw = { (folder: String) in
      let fields = TaskFields(texts: [["sentence"]], label: "label")
      let format = TaskFormat.delimited(.tabs(.absent(columns)), fields)
      return TaskLayout(splits: [
        .train: SplitFiles(paths: ["\(folder)in_domain_train.tsv"], format: format),
        .dev: SplitFiles(
          paths: ["\(folder)in_domain_dev.tsv", "\(folder)out_of_domain_dev.tsv"], format: format),
      ])
    }
    return TaskSpec(
      name: "cola", about: "Is a sentence acceptable English?",
      source: "https://nyu-mll.github.io/CoLA or \(glueSource)",
      transformation: .classification, answer: .classes(["0", "1"]),
      metrics: [.matthews, .accuracy],
      files: TaskFiles(
        labels: ["0", "1"],
        layouts: [
          glue([["sentence"]], label: "label", header: .detected(otherwise: columns)), raw(""),
          raw("raw/"),
        ],
        folder: "CoLA"),
      zeroShot: .acceptability, submission: .glue)
  }()

  /// The files of GLUE begin with a header; the files with whole sentences only, which the paper used, do not.
  private static let sst2 = TaskSpec(
    name: "sst2", about: "Is a sentence of a film review positive?",
    source: "https://nlp.stanford.edu/sentiment or \(glueSource)",
    transformation: .classification, answer: .classes(["0", "1"]), metrics: [.accuracy],
    files: TaskFiles(
      labels: ["0", "1"],
      layouts: [
        glue(
          [["sentence"]], label: "label", header: .detected(otherwise: ["sentence", "label"]))
      ],
      folder: "SST-2"),
    zeroShot: .words(appended: "very", negative: "negative", positive: "positive"),
    submission: .glue)

  private static let mrpc: TaskSpec = {
    let fields = TaskFields(texts: [["#1 String"], ["#2 String"]], label: "Quality")
    let format = TaskFormat.delimited(.tabs(.line), fields)
    return TaskSpec(
      name: "mrpc", about: "Do two sentences from the news mean the same?",
      source: "https://www.microsoft.com/en-us/download/details.aspx?id=52398",
      transformation: .similarity, answer: .classes(["0", "1"]), metrics: [.f1, .accuracy],
      files: TaskFiles(
        labels: ["0", "1"],
        layouts: [
          glue(fields.texts, label: fields.label),
          TaskLayout(
            splits: [
              .train: SplitFiles(paths: ["msr_paraphrase_train.txt"], format: format),
              .test: SplitFiles(paths: ["msr_paraphrase_test.txt"], format: format),
            ],
            holdOut: 0.1),
        ],
        folder: "MRPC"),
      submission: .glue)
  }()

  /// The released files are called `.csv` although they are separated by tabs; two extra columns with sources in some lines are not read.
  private static let stsb: TaskSpec = {
    let columns = ["genre", "file", "year", "index", "score", "sentence1", "sentence2"]
    let texts = [["sentence1"], ["sentence2"]]
    let release = { (suffix: String) in
      let fields = TaskFields(texts: texts, label: "score")
      var text = DelimitedText.tabs(.absent(columns))
      text.hasSurplus = true
      let format = TaskFormat.delimited(text, fields)
      return TaskLayout(
        splits: splits { SplitFiles(paths: ["sts-\($0).\(suffix)"], format: format) })
    }
    return TaskSpec(
      name: "stsb", about: "How much alike are two sentences, from 0 to 5?",
      source: "https://ixa2.si.ehu.eus/stswiki/index.php/STSbenchmark or \(glueSource)",
      transformation: .similarity, answer: .score(upTo: 5), metrics: [.pearson, .spearman],
      files: TaskFiles(
        labels: [], layouts: [glue(texts, label: "score"), release("csv"), release("tsv")],
        folder: "STS-B"),
      submission: .glue)
  }()

  /// Line breaks within questions split a few lines of GLUE's files.
  private static let qqp = TaskSpec(
    name: "qqp", about: "Do two questions ask the same?", source: glueSource,
    transformation: .similarity, answer: .classes(["0", "1"]), metrics: [.f1, .accuracy],
    files: TaskFiles(
      labels: ["0", "1"],
      layouts: [glue([["question1"], ["question2"]], label: "is_duplicate", id: "id")],
      folder: "QQP", damagedLeftOut: [.train, .dev]),
    submission: .glue)

  private static let rte = entailment(
    "rte", about: "Does one sentence follow from another?", source: glueSource,
    labels: ["entailment", "not_entailment"],
    layouts: [glue([["sentence1"], ["sentence2"]], label: "label")], folder: "RTE",
    leavesOutDamaged: false, submission: .glue)

  private static let qnli = entailment(
    "qnli", about: "Does a sentence hold the answer to a question?", source: glueSource,
    labels: ["entailment", "not_entailment"],
    layouts: [glue([["question"], ["sentence"]], label: "label")], folder: "QNLI",
    submission: .glue)

  private static func mnli(mismatched: Bool = false) -> TaskSpec {
    let kind = mismatched ? "mismatched" : "matched"
    let texts = [["sentence1"], ["sentence2"]]
    let lines = TaskFormat.jsonLines(TaskFields(texts: texts, label: "gold_label"))
    return entailment(
      mismatched ? "mnli-mismatched" : "mnli",
      about: "Does a sentence follow from another, contradict it, or neither?"
        + (mismatched ? " Judged on other genres than trained on." : ""),
      source: "https://cims.nyu.edu/~sbowman/multinli or \(glueSource)",
      labels: ["entailment", "neutral", "contradiction"],
      layouts: [
        glue(texts, label: "gold_label", dev: "dev_\(kind).tsv", test: "test_\(kind).tsv"),
        TaskLayout(splits: [
          .train: SplitFiles(paths: ["multinli_1.0_train.jsonl"], format: lines),
          .dev: SplitFiles(paths: ["multinli_1.0_dev_\(kind).jsonl"], format: lines),
        ]),
      ],
      folder: "MNLI", undecided: "-", submission: .glue)
  }

  private static let snli = entailment(
    "snli", about: "Does a sentence follow from a picture's caption, contradict it, or neither?",
    source: "https://nlp.stanford.edu/projects/snli",
    labels: ["entailment", "neutral", "contradiction"],
    layouts: [
      TaskLayout(
        splits: splits {
          SplitFiles(
            paths: ["snli_1.0_\($0).jsonl"],
            format: .jsonLines(
              TaskFields(texts: [["sentence1"], ["sentence2"]], label: "gold_label")))
        })
    ],
    folder: "snli_1.0", undecided: "-", submission: .plain)

  private static let scitail = entailment(
    "scitail", about: "Does a statement of school science follow from a sentence?",
    source: "https://allenai.org/data/scitail", labels: ["neutral", "entails"],
    layouts: ["", "tsv_format/"].map { folder in
      TaskLayout(
        splits: splits {
          SplitFiles(
            paths: ["\(folder)scitail_1.0_\($0).tsv"],
            format: .delimited(
              .tabs(.absent(["premise", "hypothesis", "label"])),
              TaskFields(texts: [["premise"], ["hypothesis"]], label: "label")))
        })
    },
    folder: "SciTailV1.1", submission: .plain)

  /// Training uses the validation file, and a fifth of it is held out, as in OpenAI's datasets.py; the choice of the fifth is different.
  private static let storyCloze: TaskSpec = {
    let format = TaskFormat.delimited(
      .commas(.line),
      TaskFields(
        id: "InputStoryid", texts: [(1...4).map { "InputSentence\($0)" }],
        answers: (1...2).map { "RandomFifthSentenceQuiz\($0)" }, label: "AnswerRightEnding"))
    let file = { (name: String) in
      SplitFiles(
        paths: ["cloze_test_\(name)__spring2016 - cloze_test_ALL_\(name).csv"], format: format)
    }
    return TaskSpec(
      name: "story-cloze", about: "Which of two endings is a story's?",
      source: "https://cs.rochester.edu/nlp/rocstories", transformation: .multipleChoice,
      answer: .choices(2), metrics: [.accuracy],
      files: TaskFiles(
        labels: ["1", "2"],
        layouts: [TaskLayout(splits: [.train: file("val"), .test: file("test")], holdOut: 0.2)],
        folder: "story-cloze"),
      zeroShot: .answers, submission: .storyCloze)
  }()

  private static let race = TaskSpec(
    name: "race", about: "Which of four answers to a question about a passage is right?",
    source: "https://www.cs.cmu.edu/~glai1/data/race", transformation: .multipleChoice,
    answer: .choices(4), metrics: [.accuracy],
    files: TaskFiles(
      labels: ["A", "B", "C", "D"],
      layouts: [TaskLayout(splits: splits { SplitFiles(paths: [$0], format: .race) })],
      folder: "RACE"),
    zeroShot: .answers, submission: .plain)

  /// Training uses the development file, because COPA has no training file.
  private static let copa = TaskSpec(
    name: "copa", about: "Which of two sentences is the cause, or the effect, of another?",
    source: "https://people.ict.usc.edu/~gordon/copa.html", transformation: .multipleChoice,
    answer: .choices(2), metrics: [.accuracy],
    files: TaskFiles(
      labels: ["1", "2"],
      layouts: [
        TaskLayout(
          splits: [
            .train: SplitFiles(paths: ["copa-dev.xml"], format: .copa),
            .test: SplitFiles(paths: ["copa-test.xml"], format: .copa),
          ],
          holdOut: 0.2)
      ],
      folder: "COPA"),
    zeroShot: .answers, submission: .plain)
}

// Helpers that several tasks share.
extension TaskSpec {
  /// The three files of a GLUE task; the test split has an index and no labels.
  private static func glue(
    _ texts: [[String]], label: String, id: String = "index", dev: String = "dev.tsv",
    test: String = "test.tsv", header: DelimitedText.Header = .line
  ) -> TaskLayout {
    let labelled = TaskFields(texts: texts, label: label)
    let unlabelled = TaskFields(id: id, texts: texts, label: label)
    let format = DelimitedText.tabs(header)
    return TaskLayout(splits: [
      .train: SplitFiles(paths: ["train.tsv"], format: .delimited(format, labelled)),
      .dev: SplitFiles(paths: [dev], format: .delimited(format, labelled)),
      .test: SplitFiles(paths: [test], format: .delimited(format, unlabelled)),
    ])
  }

  /// The files of all three splits, by the names of the splits.
  private static func splits(_ files: (String) -> SplitFiles) -> [TaskSplit: SplitFiles] {
    Dictionary(uniqueKeysWithValues: TaskSplit.allCases.map { ($0, files($0.rawValue)) })
  }

  private static func entailment(
    _ name: String, about: String, source: String, labels: [String], layouts: [TaskLayout],
    folder: String, undecided: String? = nil, leavesOutDamaged: Bool = true, submission: Submission
  ) -> TaskSpec {
    TaskSpec(
      name: name, about: about, source: source, transformation: .entailment,
      answer: .classes(labels), metrics: [.accuracy],
      files: TaskFiles(
        labels: labels, layouts: layouts, folder: folder, undecided: undecided,
        damagedLeftOut: leavesOutDamaged ? [.train, .dev] : []),
      submission: submission)
  }
}
