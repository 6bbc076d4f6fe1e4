import Files
import Tokenization

/// Reads a user's task from YAML, as docs/TASKS.md describes it.
enum TaskYAML {
  private static let keys = [
    "name", "about", "source", "transformation", "format", "header", "separator", "quoting",
    "damaged", "files", "hold-out", "id", "texts", "answers", "label", "labels", "choices", "score",
    "metrics",
    "zero-shot",
  ]

  private enum Format: String, CaseIterable { case csv, tsv, jsonl }
  private enum Quoting: String, CaseIterable { case rfc4180, none }
  private enum Damaged: String, CaseIterable { case refuse, skip }
  private enum ZeroShot: String, CaseIterable { case answers }

  /// Reads the task in the file at `path`.
  static func read(_ path: String) throws(InputError) -> TaskSpec {
    let text = try TextFile.withBytes(of: path) { $0.string(0..<$0.count) }
    return try spec(YAMLFields(text, path: path, keys: keys))
  }

  private static func spec(_ yaml: YAMLFields) throws(InputError) -> TaskSpec {
    guard let name = try yaml.string("name") else {
      throw yaml.missing("name", "the name of the task")
    }
    guard let transformation = try yaml.choice("transformation", Transformation.self) else {
      let all = Transformation.allCases.map(\.rawValue).joined(separator: ", ")
      throw yaml.missing("transformation", "one of \(all)")
    }
    let (answer, labels) = try answer(yaml, transformation)
    let fields = try fields(yaml, transformation, answer)
    let zeroShot = try yaml.choice("zero-shot", ZeroShot.self)
    guard zeroShot == nil || transformation == .multipleChoice else {
      throw yaml.wrong("zero-shot", "`answers` works only for multiple-choice")
    }
    let isSkipped = try yaml.choice("damaged", Damaged.self) == .skip
    return TaskSpec(
      name: name, about: try yaml.string("about") ?? "A task of your own.",
      source: try yaml.string("source") ?? "",
      transformation: transformation, answer: answer, metrics: try metrics(yaml, answer),
      files: TaskFiles(
        labels: labels, layouts: [try layout(yaml, try format(yaml, fields))],
        damagedLeftOut: isSkipped ? Set(TaskSplit.allCases) : []),
      zeroShot: zeroShot == nil ? nil : .answers, submission: .plain)
  }

  /// The kind of answer, and the names of the answers in the files.
  private static func answer(
    _ yaml: YAMLFields, _ transformation: Transformation
  ) throws(InputError) -> (Answer, [String]) {
    let isChoice = transformation == .multipleChoice
    let known = ["labels", "choices", "score"].filter(yaml.has)
    guard let key = known.first else {
      throw yaml.missing(
        isChoice ? "choices" : "labels",
        isChoice
          ? "the labels that stand for the answers, in order: [A, B, C, D]"
          : "the labels in a list, or `score:` with the highest score")
    }
    guard known.count == 1 else {
      throw yaml.wrong(known[1], "cannot be combined with `\(key)`; give one of them")
    }
    guard isChoice == (key == "choices") else {
      throw yaml.wrong(
        key, "\(transformation.rawValue) takes \(isChoice ? "`choices`" : "`labels` or `score`")")
    }
    if key == "score" {
      let most = try yaml.value("score", expected: "the highest score, a number from 1 to 100") {
        $0.int.flatMap { 1...100 ~= $0 ? $0 : nil }
      }
      return (.score(upTo: most ?? 1), [])
    }
    let labels = try yaml.strings(key) ?? []
    guard labels.count > 1, Set(labels).count == labels.count else {
      throw yaml.wrong(key, "expected two or more different values")
    }
    return (isChoice ? .choices(labels.count) : .classes(labels), labels)
  }

  private static func fields(
    _ yaml: YAMLFields, _ transformation: Transformation, _ answer: Answer
  ) throws(InputError) -> TaskFields {
    let (counts, what) =
      switch transformation {
      case .classification: (1...1, "one: the text")
      case .entailment: (2...2, "two: premise and hypothesis")
      case .similarity: (2...2, "two: the texts to compare")
      case .multipleChoice: (1...2, "one or two: context, and question")
      }
    guard let texts = try yaml.groups("texts") else {
      throw yaml.missing("texts", "the columns or fields of the texts, \(what)")
    }
    guard counts ~= texts.count else {
      throw yaml.wrong(
        "texts",
        "\(transformation.rawValue) takes \(what); put columns that are to be joined in a nested list, as [[a, b]]"
      )
    }
    guard let label = try yaml.string("label") else {
      throw yaml.missing("label", "the column or field of the label")
    }
    let answers = try yaml.strings("answers")
    guard case .choices(let count) = answer else {
      if answers != nil {
        throw yaml.wrong("answers", "only multiple-choice tasks have answers; remove it")
      }
      return TaskFields(id: try yaml.string("id"), texts: texts, label: label)
    }
    guard let answers else {
      throw yaml.missing("answers", "the \(count) columns or fields of the answers")
    }
    guard answers.count == count else {
      throw yaml.wrong(
        "answers",
        "there are \(answers.count), but \(count) `choices`: give as many of one as of the other")
    }
    return TaskFields(id: try yaml.string("id"), texts: texts, answers: answers, label: label)
  }

  package static func format(
    _ yaml: YAMLFields, _ fields: TaskFields
  ) throws(InputError) -> TaskFormat {
    guard let format = try yaml.choice("format", Format.self) else {
      throw yaml.missing("format", "one of csv, tsv, jsonl")
    }
    let hasHeader = try yaml.value("header", expected: "true or false") { $0.bool }
    let quoting = try yaml.choice("quoting", Quoting.self)
    let separator = try separator(yaml)
    if format == .jsonl {
      for key in ["header", "separator", "quoting"] where yaml.has(key) {
        throw yaml.wrong(key, "does not apply to jsonl, whose fields have names; remove it")
      }
      return .jsonLines(fields)
    }
    var text: DelimitedText = format == .csv ? .commas(.line) : .tabs(.line)
    if hasHeader == false { text.header = .absent([]) }
    if let quoting { text.isQuoted = quoting == .rfc4180 }
    if let separator { text.separator = separator }
    (text.isChecked, text.saysQuoting) = (true, quoting != nil)
    return .delimited(text, fields)
  }

  private static func separator(_ yaml: YAMLFields) throws(InputError) -> UInt8? {
    let names = [
      "tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ",
    ]
    return try yaml.value(
      "separator", expected: "tab, comma, semicolon, pipe, or another character in quotes, as ';'"
    ) { node in
      let bytes = Array((node.scalar.map { names[$0.string] ?? $0.string } ?? "").utf8)
      guard bytes.count == 1, bytes[0] < 0x7F, bytes[0] >= 0x20 || bytes[0] == 9, bytes[0] != 34,
        !Character(UnicodeScalar(bytes[0])).isLetter, !Character(UnicodeScalar(bytes[0])).isNumber
      else { return nil }
      return bytes[0]
    }
  }

  private static func layout(
    _ yaml: YAMLFields, _ format: TaskFormat
  ) throws(InputError) -> TaskLayout {
    guard let files = try yaml.fields("files", keys: TaskSplit.allCases.map(\.rawValue)) else {
      throw yaml.missing("files", "add a line `train: FILE` below it; dev and test are optional")
    }
    var layout = TaskLayout(splits: [:])
    for split in TaskSplit.allCases {
      if let paths = try files.strings(split.rawValue) {
        layout.splits[split] = SplitFiles(paths: paths, format: format)
      }
    }
    guard layout.splits[.train] != nil else {
      throw yaml.wrong("files", "`train` is missing below it")
    }
    layout.holdOut = try yaml.value("hold-out", expected: "a share between 0 and 1") {
      $0.float.flatMap { $0 > 0 && $0 < 1 ? $0 : nil }
    }
    guard layout.holdOut == nil || layout.splits[.dev] == nil else {
      throw yaml.wrong("hold-out", "cannot be combined with a file for `dev`; give one of them")
    }
    return layout
  }

  package static func metrics(
    _ yaml: YAMLFields, _ answer: Answer
  ) throws(InputError) -> [Metric] {
    let suitable: [Metric] =
      switch answer {
      case .score: [.pearson, .spearman]
      case .choices: [.accuracy]
      case .classes(let labels): [.accuracy, .matthews] + (labels.count == 2 ? [.f1] : [])
      }
    guard let names = try yaml.strings("metrics") else { return Array(suitable.prefix(1)) }
    var metrics: [Metric] = []
    for name in names {
      let metric = try yaml.choice(name, of: "metrics", Metric.self)
      guard suitable.contains(metric) else {
        let all = suitable.map(\.rawValue).joined(separator: ", ")
        throw yaml.wrong("metrics", "\(name) does not suit these answers; choose from \(all)")
      }
      metrics.append(metric)
    }
    return metrics
  }
}
