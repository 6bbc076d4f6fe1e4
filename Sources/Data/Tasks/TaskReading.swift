import Files
import Tokenization

/// The examples of a split and their origin.
public struct SplitContents: Sendable, Equatable {
  /// The examples in the order of the files.
  public var examples: [TaskExample]

  /// The number of undecided examples and damaged lines that were left out. Those of a held-out split are counted with the training split.
  public var leftOut: Int

  /// The files or folders that were read.
  public var paths: [String]

  /// True if the split is a part of the training files because it is not distributed separately.
  public var isHeldOut: Bool

  /// Notes about the files for the user, for example skipped files and unusual characters; empty if there are none.
  public var notes: [String] = []
}

extension TaskSpec {
  /// The examples of `split`, in the order of the files.
  ///
  /// - Parameter folder: the folder with the task's files, or a folder that contains it, for example as `CoLA` or `cola`
  /// - Throws: for a file that is missing, in another encoding, or damaged: file, line and reason
  public func examples(
    _ split: TaskSplit, in folder: String
  ) throws(InputError) -> [TaskExample] {
    try read(split, in: folder).examples
  }

  /// The examples of `split`, with the number of those left out and the files that were read; otherwise as `examples(_:in:)`.
  ///
  /// A development split that is not distributed is a share of the training examples: one of every 1/share neighbours, selected by a hash
  /// of their place. The training split then has the others.
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

  /// The files in `folder` that this task reads for all splits.
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

  /// The folder and layout with the most complete splits.
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

  /// The source of the files, as the end of a sentence.
  private var whereabouts: String { source.isEmpty ? "" : "; get the files from \(source)" }

  /// The name in lower case, without the characters that people write differently.
  static func plain(_ name: String) -> String {
    name.lowercased().filter { !"-_ .".contains($0) }
  }
}

extension TaskLayout {
  /// The splits whose files are all in `folder`.
  fileprivate func present(in folder: String) -> Set<TaskSplit> {
    Set(splits.filter { $0.value.paths.allSatisfy { Path.exists("\(folder)/\($0)") } }.keys)
  }
}
