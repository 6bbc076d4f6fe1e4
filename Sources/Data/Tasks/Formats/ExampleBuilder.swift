import Files

/// Collects the examples of a split: numbers their labels, refuses or leaves out what is no example.
struct ExampleBuilder {
  /// The examples so far.
  private(set) var examples: [TaskExample] = []

  /// How many were left out.
  private(set) var leftOut = 0

  /// What is to be told of the files: what was passed over, odd characters.
  package var notes: [String] = []

  /// Why the first damaged one was left out.
  private(set) var firstDamage: InputError?

  private let names: LabelNames
  private let files: TaskFiles
  private let isTest: Bool
  let leavesOutDamaged: Bool
  /// The lines of the file at hand that are no UTF-8, and blank to its reader.
  var notUTF8: [InputError] = []
  private var place = 0
  private var badLines: [InputError] = []
  private var badCount = 0
  /// Examples of a test split whose annotators did not agree, or whose labels are not public; with each the number of those before it.
  private var undecided: [(index: Int, example: TaskExample)] = []

  /// The most bad lines that are reported at a time.
  private static let reportedCount = 10

  init(_ spec: TaskSpec, split: TaskSplit) {
    names = LabelNames(spec)
    files = spec.files
    isTest = split == .test
    leavesOutDamaged = spec.files.damagedLeftOut.contains(split)
  }

  /// Whether examples may come without labels.
  var mayLackLabels: Bool { isTest }

  /// Takes the next example.
  ///
  /// - Parameters:
  ///   - id: its place in the split where nil
  ///   - label: as it stands in the file
  ///   - emptyAnswers: whether an answer may be empty
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

  /// Takes note of a line that is no example, for the given reason: it is left out, or refused at the end.
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

  /// Passes over a blank line, or one that was made blank since it is no UTF-8.
  mutating func passBlank(line: Int) {
    if let error = notUTF8.first(where: { $0.line == line }) { damaged(error) }
  }

  /// Ends the split.
  ///
  /// - Throws: where lines were refused: the first ten, and how many there are
  mutating func finish() throws(InputError) {
    if badCount > 0 { throw complaint() }
    // The annotators of a split that has other labels did not agree on these; of one that has none, nothing is known.
    guard examples.contains(where: { $0.label != nil }) else {
      for (index, example) in undecided.reversed() { examples.insert(example, at: index) }
      return
    }
    leftOut += undecided.count
  }

  /// What is wrong with the lines so far and, where reading ended early, with `last`.
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
  /// Whether it is a space, a tab or an end of a line.
  var isBlank: Bool { self == UInt8(ascii: " ") || 9...13 ~= self }
}
