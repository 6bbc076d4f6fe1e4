/// How a task's examples lie in files.
public struct TaskFiles: Sendable, Equatable {
  /// What the files call the answers, in the order of the answers' numbers; empty where the label is a score.
  public var labels: [String]

  /// The layouts in which it is distributed. The one of which most splits are there is read, the first of equal ones.
  public var layouts: [TaskLayout]

  /// What its folder is usually called; nil for a user's own. It is looked for below the given folder, as is the task's name,
  /// whatever its case, `-` and `_`.
  public var folder: String?

  /// The label of examples whose annotators did not agree (SNLI's `-`): they are left out, and counted. In a test split without any
  /// other labels it stands for labels that are not public.
  public var undecided: String?

  /// The splits whose damaged lines are left out, and counted, instead of being refused: QQP has some in train and dev.
  public var damagedLeftOut: Set<TaskSplit> = []
}

/// One way in which a task's files are distributed.
public struct TaskLayout: Sendable, Equatable {
  /// The splits with files of their own.
  public var splits: [TaskSplit: SplitFiles]

  /// The share of the training examples that is the development split; nil where that has files of its own.
  public var holdOut: Double?

  /// All paths, training first.
  public var paths: [String] { TaskSplit.allCases.flatMap { splits[$0]?.paths ?? [] } }
}

/// The files of one split.
public struct SplitFiles: Sendable, Equatable {
  /// Relative to the data folder, read one after the other.
  public var paths: [String]

  /// How each of them is read.
  public var format: TaskFormat
}

/// The formats that examples come in.
public enum TaskFormat: Sendable, Equatable {
  /// A line, or a quoted record, an example.
  case delimited(DelimitedText, TaskFields)
  /// A JSON object a line; fields are paths with dots: `question.stem`, `choices.0.text`.
  case jsonLines(TaskFields)
  /// COPA's XML.
  case copa
  /// A folder of RACE's passages: a JSON object a file, a question an example.
  case race
}

/// Text in columns.
public struct DelimitedText: Sendable, Equatable {
  /// Where the names of columns come from.
  public enum Header: Sendable, Equatable {
    /// The first line.
    case line
    /// There is no such line: the given names, or numbers from 1 where none are given.
    case absent([String])
    /// The first line where the names that are read stand in it, else the given names.
    case detected(otherwise: [String])
  }

  /// Between columns.
  public var separator: UInt8

  /// Whether cells may be quoted as in RFC 4180. If not, quotes are characters like others.
  public var isQuoted: Bool

  /// Where the names of columns come from.
  public var header: Header

  /// Whether lines may have more cells than there are names: STS-B's have sources that are not read.
  public var hasSurplus = false

  /// Whether signs are looked for that the file is another than its description says: lines that end with CR, quotes in an unquoted
  /// file. Released files have quotes in their texts that look so.
  public var isChecked = false

  /// Whether the description says how cells are quoted, so that quotes are no sign.
  public var saysQuoting = false

  /// Tabs, nothing quoted: GLUE's files.
  public static func tabs(_ header: Header) -> DelimitedText {
    DelimitedText(separator: UInt8(ascii: "\t"), isQuoted: false, header: header)
  }

  /// Commas, quoted as in RFC 4180.
  public static func commas(_ header: Header) -> DelimitedText {
    DelimitedText(separator: UInt8(ascii: ","), isQuoted: true, header: header)
  }
}

/// The columns, or fields, that an example is made of.
public struct TaskFields: Sendable, Equatable {
  /// What the example is called; its place in the split, from 0, where nil.
  public var id: String?

  /// For each text its columns, joined by spaces.
  public var texts: [[String]]

  /// Multiple choice: a column an answer.
  public var answers: [String] = []

  /// The label; a test split may lack it.
  public var label: String

  /// All of them: texts, answers, label, id.
  var names: [String] { texts.flatMap(\.self) + answers + [label] + (id.map { [$0] } ?? []) }

  /// The example made of values in the order of `names`.
  func example(
    _ values: [String?]
  ) -> (id: String?, texts: [String], answers: [String], label: String?) {
    var next = values.makeIterator()
    let joined = texts.map { columns in
      columns.compactMap { _ in next.next() ?? nil }.joined(separator: " ")
    }
    let answers = answers.map { _ in (next.next() ?? nil) ?? "" }
    let label = next.next() ?? nil
    return (next.next() ?? nil, joined, answers, label)
  }
}
