import Files

/// Collects the examples of a split: converts labels into numbers, and refuses or leaves out lines that are not examples.
struct ExampleBuilder {
  /// The examples so far.
  private(set) var examples: [TaskExample] = []

  /// The number of examples that were left out.
  private(set) var leftOut = 0

  /// Notes about the files for the user: files that were skipped, unusual characters.
  package var notes: [String] = []

  /// The error in the first damaged line that was left out.
  private(set) var firstDamage: InputError?

  private let names: LabelNames
  private let files: TaskFiles
  private let isTest: Bool
  let leavesOutDamaged: Bool
  /// The lines of the current file that are not UTF-8; its reader sees them as blank.
  var notUTF8: [InputError] = []
  private var place = 0
  private var badLines: [InputError] = []
  private var badCount = 0
  /// Examples of a test split whose annotators did not agree, or whose labels are not public, each with the number of examples before it.
  private var undecided: [(index: Int, example: TaskExample)] = []

  /// The largest number of bad lines in one report.
  private static let reportedCount = 10

  init(_ spec: TaskSpec, split: TaskSplit) {
    names = LabelNames(spec)
    files = spec.files
    isTest = split == .test
    leavesOutDamaged = spec.files.damagedLeftOut.contains(split)
  }

  /// True if examples may have no label.
  var mayLackLabels: Bool { isTest }

  /// Adds the next example.
  ///
  /// - Parameters:
  ///   - id: nil for the example's place in the split
  ///   - label: the label as the file spells it
  ///   - emptyAnswers: true if an answer may be empty
  package mutating func add(
    id: String?, texts: [String], answers: [String], label: String?, emptyAnswers: Bool = false,
    path: String, line: Int?
  ) {
    func wrong(_ reason: String) -> InputError { InputError(reason, path: path, line: line) }
    let isUndecided = label != nil && label == files.undecided
    if isUndecided, !isTest {
      leftOut += 1
      place += 1
      return
    }
    if texts.contains(where: isBlank) {
      return damaged(wrong("a text is empty; fill it in or remove the example"))
    }
    if !emptyAnswers, answers.contains(where: isBlank) {
      return damaged(wrong("an answer is empty; fill it in or remove the example"))
    }
    if (texts + answers + [id ?? ""]).contains(where: { $0.utf8.contains(0) }) {
      return damaged(
        wrong("a value holds the character U+0000, which is not allowed in a text; remove it"))
    }
    var example = TaskExample(id: id ?? "\(place)", texts: texts, answers: answers, label: nil)
    if isUndecided {
      undecided.append((examples.count, example))
      place += 1
      return
    }
    if let label {
      example.label = names.number(of: label)
      if example.label == nil, !(isTest && LabelNames.isAbsent(label)) {
        let names = names
        return damaged(wrong(names.unknown(label)))
      }
    }
    examples.append(example)
    place += 1
  }

  /// Records a line that is not an example: it is left out, or refused at the end.
  mutating func damaged(_ reason: @autoclosure () -> InputError) {
    place += 1
    guard !leavesOutDamaged else {
      leftOut += 1
      firstDamage = firstDamage ?? reason()
      return
    }
    badCount += 1
    if badLines.count < ExampleBuilder.reportedCount { badLines.append(reason()) }
  }

  /// Skips a blank line. A line that was blanked because it is not UTF-8 counts as damaged.
  mutating func passBlank(line: Int) {
    if let error = notUTF8.first(where: { $0.line == line }) { damaged(error) }
  }

  /// Ends the split.
  ///
  /// - Throws: if lines were refused: the first ten, and the number of all
  mutating func finish() throws(InputError) {
    if badCount > 0 { throw complaint() }
    // If other examples have labels, the annotators of these did not agree; if none has, these labels may be withheld.
    guard examples.contains(where: { $0.label != nil }) else {
      for (index, example) in undecided.reversed() { examples.insert(example, at: index) }
      return
    }
    leftOut += undecided.count
  }

  /// The errors in the lines so far, and `last` if reading ended early.
  func complaint(_ last: InputError? = nil) -> InputError {
    let all = badLines + (last.map { [$0] } ?? [])
    let count = badCount + (last == nil ? 0 : 1)
    guard var error = all.first else { return InputError("is damaged; download it again") }
    guard count > 1 else { return error }
    let rest = count - all.count
    let way = files.folder == nil ? ", or leave them out with `damaged: skip` in the task file" : ""
    error.reason +=
      all.dropFirst().map { "\n\($0)" }.joined()
      + (rest > 0 ? "\nand \(rest) more bad line\(rest == 1 ? "" : "s")" : "")
      + "\n\(count) bad lines: correct them\(way)"
    return error
  }

  private func isBlank(_ text: String) -> Bool { text.utf8.allSatisfy(\.isBlank) }
}

extension UInt8 {
  /// True for a space, a tab, or the end of a line.
  var isBlank: Bool { self == UInt8(ascii: " ") || 9...13 ~= self }
}
