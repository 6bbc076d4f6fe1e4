import Files

/// Collects the examples of a split: numbers their labels, refuses or leaves out what is no example.
struct ExampleBuilder {
  /// The examples so far.
  private(set) var examples: [TaskExample] = []

  /// How many were left out.
  private(set) var leftOut = 0

  /// What is to be told of the files: what was passed over, odd characters.
  var notes: [String] = []

  /// Why the first damaged one was left out.
  private(set) var firstDamage: InputError?

  private let answer: Answer
  private let files: TaskFiles
  private let isTest: Bool
  private let numbers: [String: Int]
  private var place = 0

  init(_ spec: TaskSpec, split: TaskSplit) {
    (answer, files) = (spec.answer, spec.files)
    isTest = split == .test
    numbers = Dictionary(zip(spec.files.labels, 0...)) { first, _ in first }
  }

  /// Whether examples may come without labels.
  var mayLackLabels: Bool { isTest }

  /// Takes the next example.
  ///
  /// - Parameters:
  ///   - id: its place in the split where nil
  ///   - label: as it stands in the file
  ///   - emptyAnswers: whether an answer may be empty
  mutating func add(
    id: String?, texts: [String], answers: [String], label: String?, emptyAnswers: Bool = false,
    path: String, line: Int?
  ) throws(InputError) {
    if let label, label == files.undecided {
      leftOut += 1
      place += 1
      return
    }
    if texts.contains(where: isBlank) || !emptyAnswers && answers.contains(where: isBlank) {
      let what = texts.contains(where: isBlank) ? "a text" : "an answer"
      return try damaged(
        InputError(
          "\(what) is empty; fill it in or remove the example", path: path, line: line))
    }
    var number: Double?
    if let label, !(isTest && isBlank(label)) {
      number = self.number(of: label)
      if number == nil {
        return try damaged(
          InputError("the label `\(label)` is unknown: expected \(known)", path: path, line: line))
      }
    }
    examples.append(
      TaskExample(id: id ?? "\(place)", texts: texts, answers: answers, label: number))
    place += 1
  }

  /// Takes note of a line that is no example, for the given reason, or throws that.
  mutating func damaged(_ reason: InputError) throws(InputError) {
    guard files.leavesOutDamaged, !isTest else { throw reason }
    leftOut += 1
    place += 1
    firstDamage = firstDamage ?? reason
  }

  private func number(of label: String) -> Double? {
    guard case .score(let most) = answer else { return numbers[label].map(Double.init) }
    guard let score = Double(label), 0...Double(most) ~= score else { return nil }
    return score
  }

  private var known: String {
    guard case .score(let most) = answer else {
      return "one of \(files.labels.joined(separator: ", "))"
    }
    return "a number from 0 to \(most)"
  }

  private func isBlank(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 == UInt8(ascii: " ") || 9...13 ~= $0 }
  }
}
