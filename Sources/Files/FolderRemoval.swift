import Foundation

// Removing: all or nothing where that can be had, and never a failure of what was written before.
extension FolderCommit {
  /// Removes `folder`. Where the system does not let go of it or of a file in it, it stays whole under its own name, and
  /// `housekeeping` tells. A crash on the way leaves it whole or hidden.
  ///
  /// - Returns: whether it is gone from its name
  @discardableResult
  public static func remove(_ folder: String, _ housekeeping: Housekeeping = .init()) -> Bool {
    let folder = Path.trimmed(folder)
    guard let status = FileStatus(folder, followingLinks: false) else { return true }
    func stays(_ code: Int32) -> Bool {
      housekeeping.stays(
        folder, .system("remove it", path: folder, code: code),
        "it is left as it is; removal is tried again later")
      return false
    }
    guard status.kind == .folder else {
      return System.removeFile(folder) == 0 || stays(errno)
    }
    if let code = refusal(toEmpty: folder) { return stays(code) }
    let hidden = freeName(of: folder)
    guard System.rename(folder, to: hidden) == 0 else {
      let code = errno
      // Folders of an overlay file system's lower layer cannot be renamed, but their files can be removed.
      guard code == EXDEV else { return stays(code) }
      guard let error = delete(folder) else { return true }
      housekeeping.stays(
        folder, error, "part of it is removed; removal of the rest is tried again later")
      return false
    }
    if let code = refusal(toRename: hidden), System.rename(hidden, to: folder) == 0 {
      return stays(code)
    }
    syncBestEffort(Path.parent(folder))
    discard(hidden, housekeeping)
    return true
  }

  /// Takes `folder` away from its name, and removes it as far as that can be done.
  ///
  /// - Throws: where it keeps its name
  public static func hide(_ folder: String, _ housekeeping: Housekeeping) throws(InputError) {
    let folder = Path.trimmed(folder)
    let hidden = freeName(of: folder)
    if System.rename(folder, to: hidden) == 0 {
      discard(hidden, housekeeping)
    } else {
      let code = errno
      if let error = code == EXDEV ? delete(folder) : .system("remove it", path: folder, code: code)
      {
        throw error
      }
    }
  }

  /// Removes a hidden folder or file as far as that can be done, or only if all of it can be removed.
  static func discard(
    _ hidden: String, whole: Bool = false, _ housekeeping: Housekeeping
  ) {
    let refusal = whole ? refusal(toEmpty: hidden) ?? refusal(toRename: hidden) : nil
    let error = refusal.map { InputError.system("remove it", path: hidden, code: $0) }
    if let error = error ?? delete(hidden) {
      housekeeping.stays(hidden, error, "it is no longer needed; removal is tried again later")
    }
  }

  /// The `errno` for which no file of `folder` can be removed, judged by permissions alone; nil if they allow it.
  static func refusal(toEmpty folder: String) -> Int32? {
    if System.access(folder, R_OK | W_OK | X_OK) != 0 { return errno }
    for name in System.names(in: folder) ?? [] {
      let path = "\(folder)/\(name)"
      guard FileStatus(path, followingLinks: false)?.kind == .folder else { continue }
      if let code = refusal(toEmpty: path) { return code }
    }
    return nil
  }

  /// The `errno` for which something in `folder` cannot be removed, found by renaming everything: what can be renamed can be removed, and a
  /// renaming can be undone. Nil if everything was renamed, or the system gives no reason.
  private static func refusal(toRename folder: String) -> Int32? {
    var renamed: [(old: String, new: String)] = []
    for (index, name) in (System.names(in: folder) ?? []).enumerated() {
      let (old, new) = ("\(folder)/\(name)", "\(folder)/.removed-\(index)")
      guard name != ".removed-\(index)" else { continue }
      guard System.rename(old, to: new) == 0 else {
        let code = errno
        for pair in renamed.reversed() { _ = System.rename(pair.new, to: pair.old) }
        return code
      }
      renamed.append((old, new))
    }
    return nil
  }

  /// Removes what is at `path`, with everything in it that can be removed; the first refusal, or nil.
  static func delete(_ path: String) -> InputError? {
    guard let status = FileStatus(path, followingLinks: false) else { return nil }
    if status.kind == .folder {
      var problem = emptied(path)
      if System.removeFolder(path) != 0, errno != ENOENT {
        problem = problem ?? .system("remove it", path: path, code: errno)
      }
      return problem
    }
    if System.removeFile(path) == 0 || errno == ENOENT { return nil }
    return .system("remove it", path: path, code: errno)
  }

  /// Removes what is in `folder`; the first refusal, or nil.
  static func emptied(_ folder: String) -> InputError? {
    var problem: InputError?
    for name in System.names(in: folder) ?? [] {
      let found = delete("\(folder)/\(name)")
      problem = problem ?? found
    }
    return problem
  }

  /// Syncs without reporting errors: at worst, removed files come back after a crash of the machine.
  private static func syncBestEffort(_ folder: String) {
    let descriptor = System.open(folder, O_RDONLY)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
