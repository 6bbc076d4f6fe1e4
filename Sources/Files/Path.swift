import Foundation

/// The little arithmetic of paths that files need; `/` separates on every system this runs on. It looks at bytes: a name may begin
/// with an accent, which Swift's characters join to the slash before it.
package enum Path {
  private static let slash = UInt8(ascii: "/")

  /// `path` without slashes at its end.
  package static func trimmed(_ path: String) -> String {
    var path = path.utf8[...]
    while path.count > 1, path.last == slash { path.removeLast() }
    return String(Substring(path))
  }

  /// The folder that `path` lies in: `.` for a bare name.
  package static func parent(_ path: String) -> String {
    let path = trimmed(path)
    guard let last = path.utf8.lastIndex(of: slash) else { return "." }
    return last == path.startIndex ? "/" : String(path[..<last])
  }

  /// The last part of `path`.
  package static func name(_ path: String) -> String {
    let path = trimmed(path)
    guard let last = path.utf8.lastIndex(of: slash) else { return path }
    return String(path[path.utf8.index(after: last)...])
  }

  /// The name `name` in `folder`.
  package static func join(_ folder: String, _ name: String) -> String {
    let folder = trimmed(folder)
    return folder == "/" ? folder + name : "\(folder)/\(name)"
  }

  /// `path` from the root of the file system on, without links as far as it exists.
  package static func resolved(_ path: String) -> String {
    if let found = System.realPath(path) { return found }
    let path = trimmed(path)
    if path == "." || path == "/" { return path }
    return join(resolved(parent(path)), name(path))
  }

  /// The target of the link at `path`, so that replacing the target keeps the link; `path` itself if it is not a link.
  ///
  /// - Throws: where it leads to nothing
  package static func followed(_ path: String) throws(InputError) -> String {
    let path = trimmed(path)
    guard FileStatus(path, followingLinks: false)?.kind == .link else { return path }
    if let found = System.realPath(path) { return found }
    let code = errno
    if code == ENOENT {
      throw InputError(
        "is a link to \(System.linkTarget(path) ?? "nothing"), which does not exist; create that or remove the link",
        path: path)
    }
    throw .system("follow the link", path: path, code: code)
  }

  /// True if a file or folder, or a link to one, is at `path`.
  package static func exists(_ path: String) -> Bool { FileStatus(path) != nil }

  /// True if a folder, or a link to one, is at `path`.
  package static func isFolder(_ path: String) -> Bool { FileStatus(path)?.kind == .folder }

  /// True if `path` names the open file `descriptor`; false if it names another file or none.
  static func isFile(_ path: String, of descriptor: Int32) -> Bool {
    guard let open = FileStatus(descriptor: descriptor), let named = FileStatus(path) else {
      return false
    }
    return open.identity == named.identity
  }

  /// True if something is at `path` that cannot be replaced by another file: a device, a pipe, or a file that is open already
  /// (`/dev/stdout`, `/dev/fd/3`).
  static func isSpecial(_ path: String) -> Bool {
    guard let kind = FileStatus(path)?.kind else { return false }
    return kind == .other || kind == .file && descriptorName(path) != nil
  }

  /// The descriptor of this process that `path` names, also by way of links; nil where it names none.
  static func ownDescriptor(_ path: String) -> Int32? {
    guard let name = descriptorName(path), parent(name) == "/proc/\(getpid())/fd" else {
      return nil
    }
    return Int32(Path.name(name))
  }

  /// `/proc/PROCESS/fd/N`, where `path` leads there; nil where it does not.
  private static func descriptorName(_ path: String) -> String? {
    var path = trimmed(path)
    for _ in 0..<8 {
      let folder = resolved(parent(path))
      if folder.hasPrefix("/proc/"), name(folder) == "fd" { return join(folder, name(path)) }
      guard let target = System.linkTarget(path) else { return nil }
      path = target.utf8.first == slash ? target : join(folder, target)
    }
    return nil
  }

  /// The system's folder for files that need not stay.
  package static var temporary: String {
    guard let given = unsafe getenv("TMPDIR"), unsafe given.pointee != 0 else { return "/tmp" }
    return trimmed(unsafe FileName.string(at: given))
  }
}
