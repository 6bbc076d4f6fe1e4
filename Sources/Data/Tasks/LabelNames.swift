import Files

/// The names of the answers in the files of a task.
struct LabelNames {
  private let labels: [String]
  private let highest: Int?
  private let numbers: [String: Int]

  init(_ spec: TaskSpec) {
    labels = spec.files.labels
    numbers = Dictionary(zip(labels, 0...)) { first, _ in first }
    if case .score(let most) = spec.answer { highest = most } else { highest = nil }
  }

  /// The index or score that `label` stands for; nil if the task does not have such a label.
  func number(of label: String) -> Double? {
    guard let highest else { return numbers[label].map(Double.init) }
    return decimal(label).flatMap { 0...Double(highest) ~= $0 ? $0 : nil }
  }

  /// True if `label` is a placeholder of test splits for a label that is not public.
  static func isAbsent(_ label: String) -> Bool {
    let marks = ["", "-1", "-1.0", "-", "?", "null", "none", "nan", "na", "n/a"]
    return marks.contains(label.filter { !$0.isWhitespace }.lowercased())
  }

  /// A sentence about a label that the task does not have.
  func unknown(_ label: String) -> String {
    let meant = nearest(to: label)
    let known =
      highest.map { "a number from 0 to \($0)" }
      ?? "one of "
      + labels.prefix(LabelNames.listed).map { $0.shown(besides: [label]) }.joined(separator: ", ")
      + (labels.count > LabelNames.listed ? " and \(labels.count - LabelNames.listed) others" : "")
    let isQuoted = label.utf8.count > 1 && label.utf8.first == 34 && label.utf8.last == 34
    return "the label \(label.reported(besides: labels)) is unknown: expected \(known)"
      + (meant.map { "; did you mean \($0.reported(besides: [label]))?" } ?? "")
      + (isQuoted && meant != nil ? " If cells are quoted, set `quoting: rfc4180`" : "")
  }

  private static let listed = 20

  /// The label that was probably meant: the one that looks alike, has the same value, or has
  /// similar letters.
  private func nearest(to label: String) -> String? {
    guard label.utf8.count <= 200 else { return nil }
    let skeleton = label.skeleton
    if highest != nil {
      let number = skeleton.replacing(",", with: ".")
      return number != label && self.number(of: number) != nil ? number : nil
    }
    if let same = labels.first(where: { $0.skeleton == skeleton }) { return same }
    if let value = decimal(skeleton) { return labels.first { decimal($0) == value } }
    return label.count < 3
      ? nil : Nearest.name(to: skeleton, among: labels.filter { $0.count >= 3 })
  }

  /// The value of a number as JSON and Python write it: no 0x10, no infinity.
  private func decimal(_ text: String) -> Double? {
    text.utf8.allSatisfy { "+-.eE0123456789".utf8.contains($0) } ? Double(text) : nil
  }
}
