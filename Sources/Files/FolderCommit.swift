import Foundation

/// Folders that appear whole or not at all: written under a hidden name beside their own, synced,
/// renamed.
public enum FolderCommit {
  /// What to do where the folder exists already.
  public enum Existing: Sendable {
    /// An InputError before anything is written.
    case refused
    /// The new folder takes its place, and the old one is removed. A process killed between the two
    /// renames leaves the old one hidden; the next commit of that name, or `removeLeftovers`, puts
    /// it back first.
    case replaced
  }

  /// Calls `body` with the path of an empty hidden sibling of `folder`; when it returns, everything
  /// in it is synced and it becomes `folder`. When anything fails the sibling is removed and
  /// `folder` is as it was.
  ///
  /// Siblings that a killed process left of the same name are removed first: only one process at a
  /// time may commit a name.
  public static func commit<Result>(
    _ folder: String, existing: Existing = .refused, _ body: (String) throws -> Result
  ) throws -> Result {
    let folder = Path.trimmed(folder)
    let parent = Path.parent(folder)
    try create(parent)
    try removeLeftovers(in: parent, of: Path.name(folder))
    if existing == .refused, Path.exists(folder) {
      throw InputError("exists already; remove it or choose another name", path: folder)
    }
    let partial = hiddenName(of: folder)
    try create(partial)
    do {
      let result = try body(partial)
      for file in try files(in: partial, folders: true) { try sync("\(partial)/\(file)") }
      try sync(partial)
      let old = try Path.exists(folder) && existing == .replaced ? setAside(folder) : nil
      do {
        try rename(partial, to: folder)
      } catch {
        if let old { try rename(old, to: folder) }
        throw error
      }
      try sync(parent)
      if let old { try delete(old) }
      return result
    } catch {
      // The failure that is being reported matters more than a folder that the next commit removes.
      try? FileManager.default.removeItem(atPath: partial)
      throw error
    }
  }

  /// Removes `folder` so that a crash on the way leaves it whole or hidden, never half under its
  /// name.
  public static func remove(_ folder: String) throws(InputError) {
    let folder = Path.trimmed(folder)
    let hidden = hiddenName(of: folder)
    try rename(folder, to: hidden)
    try sync(Path.parent(folder))
    try delete(hidden)
  }

  /// Removes what killed processes left hidden in `parent`: of `name`, or of any name. A missing
  /// `parent` has none.
  public static func removeLeftovers(in parent: String, of name: String? = nil) throws(InputError) {
    guard Path.exists(parent) else { return }
    for item in try contents(of: parent) where item.hasPrefix(".") {
      if item.hasSuffix(replaced) {
        let original = item.dropFirst().dropLast(replaced.count)
        guard name == nil || original == name! else { continue }
        if Path.exists("\(parent)/\(original)") {
          try delete("\(parent)/\(item)")
        } else {
          try rename("\(parent)/\(item)", to: "\(parent)/\(original)")
        }
      } else if item.contains(marker), name.map({ item.hasPrefix(".\($0)\(marker)") }) ?? true {
        try delete("\(parent)/\(item)")
      }
    }
  }

  /// The regular files anywhere below `folder`, which may be a link to one, and the folders too if
  /// asked for: relative paths, sorted by their bytes.
  package static func files(
    in folder: String, folders: Bool = false
  ) throws(InputError) -> [String] {
    do {
      // The listing itself does not follow a link.
      let folder = Path.resolved(folder)
      return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { item in
        var isFolder: ObjCBool = false
        let exists = unsafe FileManager.default.fileExists(
          atPath: "\(folder)/\(item)", isDirectory: &isFolder)
        return exists && (folders || !isFolder.boolValue)
      }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      throw unlisted(folder, error)
    }
  }

  /// The names in `folder`, hidden ones too, in no order.
  package static func contents(of folder: String) throws(InputError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw unlisted(folder, error)
    }
  }

  /// Why `folder` cannot be listed: as the system says it, since Foundation's error has only a
  /// number.
  private static func unlisted(_ folder: String, _ error: any Error) -> InputError {
    guard let opened = unsafe opendir(folder) else {
      return .system("list the folder", path: folder, code: errno)
    }
    unsafe closedir(opened)
    return InputError("cannot list the folder: \(error.localizedDescription)", path: folder)
  }

  private static let marker = ".partial-"
  private static let replaced = ".replaced"

  static func hiddenName(of folder: String) -> String {
    "\(Path.parent(folder))/.\(Path.name(folder))\(marker)\(getpid())"
  }

  /// Makes `folder` and those above it, where they are missing.
  package static func create(_ folder: String) throws(InputError) {
    if folder != Path.parent(folder), !Path.exists(Path.parent(folder)) {
      try create(Path.parent(folder))
    }
    // EEXIST: another process was as quick; a file of that name fails at its first use.
    guard unsafe mkdir(folder, 0o777) == 0 || errno == EEXIST else {
      throw .system("create the folder", path: folder, code: errno)
    }
  }

  private static func delete(_ path: String) throws(InputError) {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw InputError("cannot remove it: \(error.localizedDescription)", path: path)
    }
  }

  /// Hides `folder` under a name from which it comes back, and returns that.
  private static func setAside(_ folder: String) throws(InputError) -> String {
    let hidden = "\(Path.parent(folder))/.\(Path.name(folder))\(replaced)"
    try rename(folder, to: hidden)
    return hidden
  }

  static func rename(_ source: String, to target: String) throws(InputError) {
    guard unsafe Foundation.rename(source, target) == 0 else {
      throw .system("rename to \(Path.name(target))", path: source, code: errno)
    }
  }

  static func sync(_ path: String) throws(InputError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("open", path: path, code: errno) }
    defer { close(descriptor) }
    // EINVAL: a file system that has nothing to sync for folders.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw .system("bring to the disk", path: path, code: errno)
    }
  }
}
