/// The files of a task and their layout.
public struct TaskFiles: Sendable, Equatable {
  /// The labels in the files, in the order of the answers' numbers; empty if the label is a score.
  public var labels: [String]

  /// The layouts in which the task is distributed. The layout with the most complete splits is read, the first one if several have as many.
  public var layouts: [TaskLayout]

  /// The usual name of the task's folder; nil for a user's task. It is searched below the given folder, as is the name of the task; case,
  /// `-` and `_` do not matter.
  public var folder: String?

  /// The label of examples whose annotators did not agree (SNLI's `-`): they are left out and counted. In a test split without any other
  /// labels, it stands for labels that are not public.
  public var undecided: String?

  /// The splits whose damaged lines are left out and counted instead of refused: QQP has some in train and dev.
  public var damagedLeftOut: Set<TaskSplit> = []
}

/// One of the layouts in which the files of a task are distributed.
public struct TaskLayout: Sendable, Equatable {
  /// The splits that have their own files.
  public var splits: [TaskSplit: SplitFiles]

  /// The share of the training examples that becomes the development split; nil if that split has its own files.
  public var holdOut: Double?

  /// The paths of all splits, training first.
  public var paths: [String] { TaskSplit.allCases.flatMap { splits[$0]?.paths ?? [] } }
}

/// The files of one split.
public struct SplitFiles: Sendable, Equatable {
  /// The paths relative to the data folder, read one after another.
  public var paths: [String]

  /// The format of each file.
  public var format: TaskFormat
}

/// Text in columns.
public struct DelimitedText: Sendable, Equatable {
  /// The source of the column names.
  public enum Header: Sendable, Equatable {
    /// The first line is a header.
    case line
    /// There is no header: the given names, or numbers from 1 if none are given.
    case absent([String])
    /// The first line if it contains the names that are read, else the given names.
    case detected(otherwise: [String])
  }

  /// The character between columns.
  public var separator: UInt8

  /// True if cells may be quoted as in RFC 4180. If false, quotes are ordinary characters.
  public var isQuoted: Bool

  /// The source of the column names.
  public var header: Header

  /// True if lines may have more cells than there are names: some lines of STS-B have extra cells with sources.
  public var hasSurplus = false

  /// True if the file is checked for signs that it does not match its description: lines that end with CR, quotes in an unquoted file.
  /// False for released files, because they contain quotes that look like such signs.
  public var isChecked = false

  /// True if the description sets the quoting, so that quotes are not a sign of an error.
  public var saysQuoting = false

  /// Columns separated by tabs, without quoting, as in GLUE's files.
  public static func tabs(_ header: Header) -> DelimitedText {
    DelimitedText(separator: UInt8(ascii: "\t"), isQuoted: false, header: header)
  }

  /// Columns separated by commas, quoted as in RFC 4180.
  public static func commas(_ header: Header) -> DelimitedText {
    DelimitedText(separator: UInt8(ascii: ","), isQuoted: true, header: header)
  }
}

/// The columns, or fields, of an example.
public struct TaskFields: Sendable, Equatable {
  /// The field of the example's id; nil to use its place in the split, from 0.
  public var id: String?

  /// For each text its columns, joined by spaces.
  public var texts: [[String]]

  /// For multiple choice, the column of each answer.
  public var answers: [String] = []

  /// The column of the label; it may be missing in a test split.
  public var label: String

  /// The names of all columns: texts, answers, label, id.
  var names: [String] { texts.flatMap(\.self) + answers + [label] + (id.map { [$0] } ?? []) }

  /// Builds an example from values in the order of `names`.
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
