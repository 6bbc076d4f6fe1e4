import Foundation

/// Folders that appear whole or not at all: written under a hidden name beside their own, synced,
/// renamed. What is written counts as written, whatever becomes of the folder that was there before.
public enum FolderCommit {
  /// The action to take if the folder already exists.
  public enum Existing: Sendable {
    /// An InputError before anything is written.
    case refused
    /// The new folder takes its place, and the old one is removed. Both happen at once where the file system can exchange two names;
    /// elsewhere a process killed between two renames leaves the old one hidden, and the next commit of that name, or
    /// `removeLeftovers`, puts it back first. Where a folder cannot be renamed (a mount point, the lower layer of an overlay file
    /// system) it is emptied and filled again from the new one, which the next commit finishes if need be.
    case replaced
  }

  /// Calls `body` with the path of an empty hidden sibling of `folder`; when it returns, everything
  /// in it is synced and it becomes `folder`, or what `folder` links to. When anything fails the sibling is removed and
  /// `folder` is as it was.
  ///
  /// Siblings that a killed process left of the same name are removed first: only one process at a
  /// time may commit a name.
  ///
  /// - Parameter housekeeping: is told of what cannot be removed
  public static func commit<Result>(
    _ folder: String, existing: Existing = .refused, housekeeping: Housekeeping = .init(),
    _ body: (String) throws -> Result
  ) throws -> Result {
    let folder = try Path.followed(folder)
    let parent = Path.parent(folder)
    try create(parent)
    try removeLeftovers(in: parent, of: Path.name(folder), housekeeping)
    if existing == .refused, Path.exists(folder) {
      throw InputError("exists already; remove it or choose another name", path: folder)
    }
    let partial = try makeHidden(for: folder)
    do {
      let result = try body(partial)
      for file in try files(in: partial, folders: true) { try sync("\(partial)/\(file)") }
      try sync(partial)
      let old = try put(partial, inPlaceOf: folder, housekeeping)
      try sync(parent)
      if let old { discard(old, whole: true, housekeeping) }
      return result
    } catch {
      // The failure that is being reported matters more than a folder that the next commit removes.
      _ = delete(partial)
      throw error
    }
  }

  /// Gives `new` the name `folder`; returns where the one that had it lies now, if it does.
  private static func put(
    _ new: String, inPlaceOf folder: String, _ housekeeping: Housekeeping
  ) throws(InputError) -> String? {
    guard FileStatus(folder, followingLinks: false) != nil else {
      try rename(new, to: folder)
      return nil
    }
    if System.exchange(new, folder) == 0 { return new }
    var code = errno
    if [EINVAL, ENOSYS, EOPNOTSUPP].contains(code) {
      let old = replacedName(of: folder)
      if System.rename(folder, to: old) == 0 {
        do { try rename(new, to: folder) } catch {
          try rename(old, to: folder)
          throw error
        }
        return old
      }
      code = errno
    }
    guard [EXDEV, EBUSY].contains(code) else {
      throw .system("replace it", path: folder, code: code)
    }
    if let code = refusal(toEmpty: folder) { throw .system("replace it", path: folder, code: code) }
    let ready = readyName(of: folder)
    try rename(new, to: ready)
    try sync(Path.parent(folder))
    try finish(ready, into: folder, housekeeping)
    return nil
  }

  /// Gives `folder` what the hidden, whole folder `ready` holds.
  static func finish(
    _ ready: String, into folder: String, _ housekeeping: Housekeeping
  ) throws(InputError) {
    if let error = emptied(folder) {
      throw InputError(
        "\(error.reason); the new folder is \(ready), and takes its place when the same command is run again",
        path: error.path)
    }
    if System.removeFolder(folder) == 0 || errno == ENOENT {
      try rename(ready, to: folder)
      return
    }
    for item in try files(in: ready, folders: true) {
      let (source, target) = ("\(ready)/\(item)", "\(folder)/\(item)")
      if Path.isFolder(source) {
        try create(target)
      } else {
        try FileWriter.copy(source, to: target)
      }
    }
    try sync(folder)
    discard(ready, housekeeping)
  }

  /// Makes an empty hidden folder beside `folder`.
  private static func makeHidden(for folder: String) throws(InputError) -> String {
    let hidden = freeName(of: folder)
    guard System.makeFolder(hidden) == 0 else {
      throw .system("create the folder", path: hidden, code: errno)
    }
    return hidden
  }

  /// Makes `folder` and those above it, where they are missing.
  package static func create(_ folder: String) throws(InputError) {
    if folder != Path.parent(folder), !Path.exists(Path.parent(folder)) {
      try create(Path.parent(folder))
    }
    // EEXIST: another process was as quick; a file of that name fails at its first use.
    guard System.makeFolder(folder) == 0 || errno == EEXIST else {
      throw .system("create the folder", path: folder, code: errno)
    }
  }

  static func rename(_ source: String, to target: String) throws(InputError) {
    guard System.rename(source, to: target) == 0 else {
      throw .system("rename to \(Path.name(target))", path: source, code: errno)
    }
  }

  static func sync(_ path: String) throws(InputError) {
    let descriptor = System.open(path, O_RDONLY)
    // A folder may be written to and not listed.
    if descriptor < 0, errno == EACCES { return }
    guard descriptor >= 0 else { throw .system("open", path: path, code: errno) }
    defer { close(descriptor) }
    // EINVAL: a file system that has nothing to sync for folders.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw .system("bring to the disk", path: path, code: errno)
    }
  }
}
