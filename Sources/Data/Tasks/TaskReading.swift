import Files
import Tokenization

/// The examples of a split, and where they came from.
public struct SplitContents: Sendable, Equatable {
  /// In the order of the files.
  public var examples: [TaskExample]

  /// How many the files hold beside these that are none: undecided ones and damaged lines. Of a split that is held out they are
  /// counted with the training split.
  public var leftOut: Int

  /// The files, or folders, that were read.
  public var paths: [String]

  /// Whether the split is a part of the training files, because it is distributed with no files of its own.
  public var isHeldOut: Bool

  /// What is to be told of the files: what was passed over, odd characters; empty for nothing.
  public var notes: [String] = []
}

extension TaskSpec {
  /// The examples of `split`, in the order of the file.
  ///
  /// - Parameter folder: holds the task's files, or the folder that has them: `CoLA`, or `cola`
  /// - Throws: where a file is missing, in another encoding, or holds what is no example: file, line and reason
  public func examples(
    _ split: TaskSplit, in folder: String
  ) throws(InputError) -> [TaskExample] {
    try read(split, in: folder).examples
  }

  /// The examples of `split`, with what was left out and which files were read; otherwise as `examples(_:in:)`.
  ///
  /// A development split that is not distributed is a share of the training examples: one of every 1/share neighbours, by a keyed
  /// hash of their place; training then has the others.
  public func read(_ split: TaskSplit, in folder: String) throws(InputError) -> SplitContents {
    let (folder, layout) = try locate(in: folder)
    let isHeldOut = split == .dev && layout.holdOut != nil
    let source: TaskSplit = isHeldOut ? .train : split
    guard let files = layout.splits[source] else {
      throw InputError(
        "\(name) has no \(split.rawValue) split in \(layout.paths.joined(separator: ", "))",
        path: folder)
    }
    var builder = ExampleBuilder(self, split: source)
    var paths: [String] = []
    var again: [String] = []
    var seen: Set<FileStatus.Identity> = []
    for path in files.paths.map({ "\(Path.trimmed(folder))/\($0)" }) {
      guard let identity = FileStatus(path)?.identity else {
        throw InputError("is missing\(whereabouts)", path: path)
      }
      guard seen.insert(identity).inserted else {
        again.append(path)
        continue
      }
      paths.append(path)
      do throws(InputError) {
        try files.format.read(path, into: &builder)
      } catch {
        throw builder.complaint(error)
      }
    }
    try builder.finish()
    var examples = builder.examples
    if let share = layout.holdOut, split != .test {
      let marks = ValidationSplit.isHeldOut(blocks: examples.count, fraction: share)
      examples = zip(examples, marks).filter { $0.1 == isHeldOut }.map(\.0)
    }
    guard !examples.isEmpty else {
      let why = builder.firstDamage.map { "; the first line left out: \($0)" } ?? ""
      throw InputError(
        "has no examples for the \(split.rawValue) split" + why, path: paths.first ?? folder)
    }
    return SplitContents(
      examples: examples, leftOut: isHeldOut ? 0 : builder.leftOut, paths: paths,
      isHeldOut: isHeldOut,
      notes: builder.notes
        + TextFolder.PassedOver.note(
          again, "file is listed more than once for the \(source.rawValue) split, and is read once",
          "files are listed more than once for the \(source.rawValue) split, and are read once"))
  }

  /// The files in `folder` that are read for this task, whatever the split.
  package func paths(in folder: String) throws(InputError) -> [String] {
    let (folder, layout) = try locate(in: folder)
    return layout.paths.map { "\(Path.trimmed(folder))/\($0)" }
  }

  /// The splits of this task whose files are in `folder`.
  public func splits(in folder: String) throws(InputError) -> [TaskSplit] {
    let (folder, layout) = try locate(in: folder)
    let present = layout.present(in: folder)
    return TaskSplit.allCases.filter {
      present.contains($0) || $0 == .dev && layout.holdOut != nil && present.contains(.train)
    }
  }

  /// The folder and the layout of which most splits are there.
  private func locate(
    in folder: String
  ) throws(InputError) -> (folder: String, layout: TaskLayout) {
    guard Path.isFolder(folder) else {
      throw InputError(
        "there is no such folder; check the path of \(name)'s files\(whereabouts)", path: folder)
    }
    let names = [TaskSpec.plain(files.folder ?? name), TaskSpec.plain(name)]
    let folders =
      try [folder]
      + FolderCommit.contents(of: folder).sorted()
      .filter { names.contains(TaskSpec.plain($0)) }.map { "\(Path.trimmed(folder))/\($0)" }
    var best: (folder: String, layout: TaskLayout, count: Int)?
    for candidate in folders {
      for layout in files.layouts {
        let count = layout.present(in: candidate).count
        if count > best?.count ?? 0 { best = (candidate, layout, count) }
      }
    }
    guard let best else {
      let expected = files.layouts.map { $0.paths.joined(separator: ", ") }
      throw InputError(
        "holds no files of \(name): expected \(expected.joined(separator: "; or "))\(whereabouts)",
        path: folder)
    }
    return (best.folder, best.layout)
  }

  /// Where the files are to be had, as the end of a sentence.
  private var whereabouts: String { source.isEmpty ? "" : "; get the files from \(source)" }

  /// A name without what people write differently.
  static func plain(_ name: String) -> String {
    name.lowercased().filter { !"-_ .".contains($0) }
  }
}

extension TaskLayout {
  /// The splits all of whose files are in `folder`.
  fileprivate func present(in folder: String) -> Set<TaskSplit> {
    Set(splits.filter { $0.value.paths.allSatisfy { Path.exists("\(folder)/\($0)") } }.keys)
  }
}

extension TaskFormat {
  fileprivate func read(
    _ path: String, into builder: inout ExampleBuilder
  ) throws(InputError) {
    if case .race = self { return try RaceReader.read(path, into: &builder) }
    var notes: [String] = []
    // A line for itself may be no UTF-8 where damaged ones are left out; in quotes lines hang together.
    let isByLine =
      switch self {
      case .delimited(let format, _): !format.isQuoted
      case .jsonLines: true
      case .copa, .race: false
      }
    let leavesOut = isByLine && builder.leavesOutDamaged
    let damaged = leavesOut ? DamagedLines() : nil
    try TextFile.withBytes(of: path, tell: { notes.append($0) }, damaged: damaged) {
      (text) throws(InputError) in
      builder.notUTF8 = damaged?.errors ?? []
      switch self {
      case .delimited(let format, let fields):
        try DelimitedReader(format: format, fields: fields, path: path)
          .read(text, into: &builder)
      case .jsonLines(let fields):
        JSONLinesReader(fields: fields, path: path).read(text, into: &builder)
      case .copa: try CopaReader.read(text, path: path, into: &builder)
      case .race: break
      }
    }
    builder.notes += notes
  }
}
