import ArgumentParser
import Console
import Data
import Files
import Tokenization
import Training

/// `gpt1-dist tasks`
struct Tasks: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "List the tasks for fine-tuning and evaluation and their files; or check the files of one.",
    discussion: """
      With --data, read the files of one task as finetune and evaluate do, and count the examples. docs/TASKS.md describes \
      the YAML file of a task of your own.
      """)

  @Argument(help: "A task's name, or a YAML file of your own; all built-in tasks if not given.")
  var task: String?
  @Option(help: "The folder with the task's files: read them and report mistakes.")
  var data: String?
  @Option(
    help:
      "With --data: a folder with a tokenizer; count the tokens that it does not know in the texts."
  )
  var tokenizer: String?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if data != nil, task == nil { throw ValidationError("--data needs a task's name") }
    if tokenizer != nil, data == nil { throw ValidationError("--tokenizer needs --data") }
  }

  func run() throws {
    guard let task else {
      let all = TaskSpec.builtIn.map(Entry.init)
      return try output.print(Listing(tasks: all), text: Entry.table(all))
    }
    let spec = try TaskSpec.asked(task)
    let entry = Entry(spec)
    guard let data else { return try output.print(entry, text: Entry.table([entry])) }
    let reading = try Reading(
      spec, folder: data, tokenizer: try tokenizer.map { try Tokenizer.load(folder: $0) })
    for warning in reading.warnings { printError("warning: \(warning)") }
    try output.print(reading, text: reading.text)
  }
}

private struct Listing: Encodable { let tasks: [Entry] }

/// The description of a task, which does not need its files.
private struct Entry: Encodable {
  let name: String
  let about: String
  let transformation: Transformation
  let metrics: [Metric]
  /// The files of each layout in which the task is distributed.
  let files: [[String]]
  let source: String

  init(_ spec: TaskSpec) {
    (name, about, transformation) = (spec.name, spec.about, spec.transformation)
    (metrics, source) = (spec.metrics, spec.source)
    files = spec.files.layouts.map(\.paths)
  }

  static func table(_ entries: [Entry]) -> String {
    let width = (entries.map(\.name.count).max() ?? 0) + 2
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    let blocks = entries.map { entry in
      let metrics = entry.metrics.map(\.rawValue).joined(separator: ", ")
      let rows =
        ["\(padded(entry.transformation.rawValue, 17))\(padded(metrics, 20))\(entry.about)"]
        + entry.files.enumerated().map { index, files in
          (index == 0 ? "files  " : "or     ") + files.joined(separator: ", ")
        } + (entry.source.isEmpty ? [] : ["from   \(entry.source)"])
      return zip([entry.name] + Array(repeating: "", count: rows.count), rows)
        .map { padded($0, width) + $1 }.joined(separator: "\n")
    }
    return blocks.joined(separator: "\n\n")
  }
}

/// The contents of a task's files.
private struct Reading: Encodable {
  struct Split: Encodable {
    let examples: Int
    /// The number of undecided examples and damaged lines.
    let leftOut: Int
    /// The number of examples with a label.
    let labelled: Int
    /// True if the split is a part of the training files.
    let isHeldOut: Bool
    let files: [String]
  }

  struct Example: Encodable {
    let id: String
    let texts: [String]
    let answers: [String]
    /// The label as written in the file.
    let label: String?
  }

  let name: String
  let splits: [String: Split]
  /// The share of tokens that the tokenizer does not know, 0 ... 1; nil without one.
  let unknownShare: Double?
  /// Warnings about the examples: names that are not unique, unknown tokens, skipped files.
  let warnings: [String]
  /// The first example of the first split.
  let example: Example?

  init(_ spec: TaskSpec, folder: String, tokenizer: Tokenizer?) throws {
    var unknown = UnknownTokens()
    var splits: [String: Split] = [:]
    var example: Example?
    var warnings: [String] = []
    for split in try spec.splits(in: folder) {
      let contents = try spec.read(split, in: folder)
      splits[split.rawValue] = Split(
        examples: contents.examples.count, leftOut: contents.leftOut,
        labelled: contents.examples.count { $0.label != nil }, isHeldOut: contents.isHeldOut,
        files: contents.paths)
      warnings += spec.submissionWarnings(ids: contents.examples.map(\.id))
        .map { "\(split.rawValue): \($0)" }
      if !contents.isHeldOut { warnings += contents.notes }
      for text in contents.examples.flatMap({ $0.texts + $0.answers }) {
        _ = tokenizer?.encode(text, counting: &unknown)
      }
      if let first = contents.examples.first, example == nil {
        let labels = spec.files.labels
        example = Example(
          id: first.id, texts: first.texts, answers: first.answers,
          label: first.label.map { labels.isEmpty ? "\($0)" : labels[Int($0)] })
      }
    }
    (name, self.splits, self.example) = (spec.name, splits, example)
    unknownShare = tokenizer.map { _ in unknown.share }
    self.warnings = warnings + (unknown.warning.map { [$0] } ?? [])
  }

  var text: String {
    var lines = TaskSplit.allCases.map { split in
      guard let found = splits[split.rawValue] else { return "\(split.rawValue): no files" }
      var notes = [found.files.joined(separator: ", ")]
      if found.isHeldOut { notes.append("held out of the training examples") }
      if found.labelled < found.examples { notes.append("\(grouped(found.labelled)) with a label") }
      if found.leftOut > 0 { notes.append("\(grouped(found.leftOut)) left out") }
      let count = "\(grouped(found.examples)) example\(found.examples == 1 ? "" : "s")"
      return "\(split.rawValue): \(count) (\(notes.joined(separator: "; ")))"
    }
    if let unknownShare { lines.append(UnknownTokens.description(unknownShare)) }
    guard let example else { return lines.joined(separator: "\n") }
    let parts =
      ["the first example, \(example.id.shown()):"]
      + example.texts.map { "  text: \($0.withoutControls)" }
      + example.answers.map { "  answer: \($0.withoutControls)" }
      + ["  label: \(example.label?.withoutControls ?? "none")"]
    return (lines + parts).joined(separator: "\n")
  }
}
