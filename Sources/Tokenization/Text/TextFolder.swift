import Files

/// The text files below a folder, and what was passed over.
///
/// Links are followed, and whatever they lead to is read once: a circle of links ends, and a file with two paths counts once. Hidden
/// entries are left alone and counted.
public struct TextFolder: Sendable {
  /// Paths relative to the folder, sorted by their bytes.
  public private(set) var files: [String] = []

  /// What was passed over, by kind and name, in sentences; empty where nothing was.
  public var notes: [String] { passedOver.notes }

  /// What was passed over.
  private(set) var passedOver = PassedOver()

  private let root: String
  private let endings: [String]
  private let isLeftOut: @Sendable (String) -> Bool

  /// Walks through `folder`, which may be a link to one.
  ///
  /// - Parameters:
  ///   - endings: of the files' names, in small letters; capitals count as them
  ///   - isLeftOut: whether a folder or file of this path is left alone, and not told
  public init(
    _ folder: String, endings: [String] = [".txt"],
    isLeftOut: @escaping @Sendable (String) -> Bool = { _ in false }
  ) throws(InputError) {
    (root, self.endings, self.isLeftOut) = (Path.trimmed(folder), endings, isLeftOut)
    passedOver.expected = endings.joined(separator: " or ")
    var walk = Walk()
    if let identity = FileStatus(root)?.identity { walk.seen.insert(identity) }
    try enter("", FolderCommit.contents(of: root), &walk)
    // Links after all that is really there, so that a file is called what it is called.
    while !walk.links.isEmpty {
      let links = walk.links
      walk.links = []
      for path in links { try take(path, isLink: true, &walk) }
    }
    files = TextFolder.sorted(files)
  }

  /// What was met on the way.
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
    // A file that is no link lies where its folder does.
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
  /// What lies in a folder and is not read.
  package struct PassedOver: Sendable {
    /// Files whose names end otherwise.
    var otherEndings: [String] = []
    /// Files and folders whose names begin with a dot.
    var hidden: [String] = []
    /// Links to nothing.
    var lost: [String] = []
    /// Pipes, sockets, devices.
    var special: [String] = []
    /// Folders and files without the right to read them.
    var unreadable: [String] = []
    /// Other paths to what is read already.
    var again: [String] = []
    /// What names of files end with, in words.
    var expected = ".txt"

    /// A count and the first names; nothing where there are none.
    package static func note(_ paths: [String], _ one: String, _ several: String) -> [String] {
      guard !paths.isEmpty else { return [] }
      let shown = paths.prefix(5).joined(separator: ", ")
      let more = paths.count > 5 ? " and \(paths.count - 5) more" : ""
      return ["\(paths.count) \(paths.count == 1 ? one : several): \(shown)\(more)"]
    }

    /// Sentences, one a kind.
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
