import Files

/// The text files below a folder, and the entries that were skipped.
///
/// Links are followed, and every target is read once: a cycle of links ends, and a file with two paths counts once. Hidden entries are
/// skipped and counted.
public struct TextFolder: Sendable {
  /// The paths relative to the folder, sorted by their bytes.
  public private(set) var files: [String] = []

  /// Sentences about skipped entries, by kind and name; empty if there are none.
  public var notes: [String] { passedOver.notes }

  /// The entries that were skipped.
  private(set) var passedOver = PassedOver()

  private let root: String
  private let endings: [String]
  private let isLeftOut: @Sendable (String) -> Bool

  /// Searches `folder`, which may be a link to a folder.
  ///
  /// - Parameters:
  ///   - endings: the endings of the files' names, in lower case; matches any case
  ///   - isLeftOut: true for a path that is skipped without a note
  public init(
    _ folder: String, endings: [String] = [".txt"],
    isLeftOut: @escaping @Sendable (String) -> Bool = { _ in false }
  ) throws(InputError) {
    (root, self.endings, self.isLeftOut) = (Path.trimmed(folder), endings, isLeftOut)
    passedOver.expected = endings.joined(separator: " or ")
    var walk = Walk()
    if let identity = FileStatus(root)?.identity { walk.seen.insert(identity) }
    try enter("", FolderCommit.contents(of: root), &walk)
    // Links are followed after all real entries, so that a file is listed under its real path if that is below the folder.
    while !walk.links.isEmpty {
      let links = walk.links
      walk.links = []
      for path in links { try take(path, isLink: true, &walk) }
    }
    files = TextFolder.sorted(files)
  }

  /// The state of the search.
  package struct Walk {
    var seen: Set<FileStatus.Identity> = []
    var links: [String] = []
  }

  private static func sorted(_ names: [String]) -> [String] {
    let names = names.map { (name: $0, bytes: FileName.bytes($0)) }
    return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map(\.name)
  }

  private mutating func enter(
    _ folder: String, _ names: [String], _ walk: inout Walk
  ) throws(InputError) {
    for name in TextFolder.sorted(names) {
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      if name.utf8.first == UInt8(ascii: ".") {
        if !isLeftOut("\(root)/\(path)") { passedOver.hidden.append(path) }
        continue
      }
      if FileStatus("\(root)/\(path)", followingLinks: false)?.kind == .link {
        walk.links.append(path)
      } else {
        try take(path, isLink: false, &walk)
      }
    }
  }

  package mutating func take(
    _ path: String, isLink: Bool, _ walk: inout Walk
  ) throws(InputError) {
    let whole = "\(root)/\(path)"
    let status = FileStatus(whole)
    // A file that is not a link lies in the folder that contains it, which was checked already.
    if isLink || status?.kind == .folder, isLeftOut(whole) { return }
    guard let status else {
      if isLink { passedOver.lost.append(path) } else { passedOver.unreadable.append(path) }
      return
    }
    guard status.kind == .folder || endings.contains(where: path.lowercased().hasSuffix) else {
      return passedOver.otherEndings.append(path)
    }
    guard status.kind != .other else { return passedOver.special.append(path) }
    guard walk.seen.insert(status.identity).inserted else { return passedOver.again.append(path) }
    guard status.kind == .folder else {
      guard Path.isReadable(whole) else { return passedOver.unreadable.append(path) }
      return files.append(path)
    }
    let names: [String]
    do throws(InputError) { names = try FolderCommit.contents(of: whole) } catch {
      return passedOver.unreadable.append(path)
    }
    try enter(path, names, &walk)
  }
}

extension TextFolder {
  /// The entries of a folder that are not read.
  package struct PassedOver: Sendable {
    /// Files with other endings.
    var otherEndings: [String] = []
    /// Files and folders whose names begin with a dot.
    var hidden: [String] = []
    /// Broken links.
    var lost: [String] = []
    /// Pipes, sockets, devices.
    var special: [String] = []
    /// Folders and files without permission to read.
    var unreadable: [String] = []
    /// Other paths to files or folders that are read already.
    var again: [String] = []
    /// The expected endings of file names, as a phrase.
    var expected = ".txt"

    /// A sentence with the number and the first names of `paths`; empty if there are none.
    package static func note(_ paths: [String], _ one: String, _ several: String) -> [String] {
      guard !paths.isEmpty else { return [] }
      let shown = paths.prefix(5).joined(separator: ", ")
      let more = paths.count > 5 ? " and \(paths.count - 5) more" : ""
      return ["\(paths.count) \(paths.count == 1 ? one : several): \(shown)\(more)"]
    }

    /// Sentences, one per kind.
    package var notes: [String] {
      func note(_ paths: [String], _ one: String, _ several: String) -> [String] {
        Self.note(paths, one, several)
      }
      return note(
        otherEndings, "file does not end in \(expected) and is not read",
        "files do not end in \(expected) and are not read")
        + note(
          hidden, "entry is hidden and not read (its name begins with a dot)",
          "entries are hidden and not read (their names begin with a dot)")
        + note(lost, "link is broken", "links are broken")
        + note(special, "entry is not a regular file", "entries are not regular files")
        + note(
          unreadable, "entry cannot be read: permission denied",
          "entries cannot be read: permission denied")
        + note(
          again, "entry is another path to a file that is already read, and is read only once",
          "entries are other paths to files that are already read, and are read only once")
    }
  }
}
