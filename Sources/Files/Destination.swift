import Foundation

/// Places that something will be written to at the end of long work, tried before it.
public enum Destination {
  /// An InputError where `FileWriter.replace` could not put a file at `path`: no name of a file, a missing folder, a link to nothing,
  /// or no right to write there.
  public static func requireFile(_ path: String) throws(InputError) {
    guard !path.isEmpty, path.utf8.last != UInt8(ascii: "/"), !Path.isFolder(path) else {
      throw InputError("is not a file name; give the name of the file to write", path: path)
    }
    if path == "-" {
      throw InputError("is not a file name; for standard output give /dev/stdout", path: path)
    }
    if !Path.isSpecial(path) {
      let folder = Path.parent(try Path.followed(path))
      guard Path.isFolder(folder) else {
        throw InputError(
          "there is no such folder to write \(Path.name(path)) to; create it or check the path",
          path: folder)
      }
      try requireRoom(for: path)
    }
    if Path.exists(path), System.access(path, W_OK) != 0 {
      throw .system("write", path: path, code: errno)
    }
  }

  /// An InputError where `path` names one of the files that are read, whatever it is called there.
  ///
  /// - Parameter inputs: files, as far as they are there
  package static func requireFile(_ path: String, otherThan inputs: [String]) throws(InputError) {
    guard let status = FileStatus(path), status.kind == .file else { return }
    for input in inputs where FileStatus(input)?.identity == status.identity {
      let name = input == path ? "" : ", as \(input)"
      throw InputError(
        "is read by this command\(name), and would be overwritten; choose another file to write",
        path: path)
    }
  }

  /// An InputError where a folder at `path` could not be made or written to: a link to nothing, a file, or no right to write.
  ///
  /// - Parameter replacing: whether it is written as a whole, by `FolderCommit`, and not by what is put into it
  public static func requireFolder(_ path: String, replacing: Bool) throws(InputError) {
    guard !path.isEmpty else {
      throw InputError("the name of the folder to write is empty; give one")
    }
    let target = try Path.followed(path)
    let exists = Path.exists(target)
    if exists, !Path.isFolder(target) {
      throw InputError(
        "is a file, but a folder is to be written there; choose another name", path: path)
    }
    var folder = exists && !replacing ? target : Path.parent(target)
    while !Path.exists(folder), folder != Path.parent(folder) {
      folder = Path.parent(try Path.followed(folder))
    }
    guard Path.isFolder(folder) else {
      throw InputError("is a file, not a folder; check the path", path: folder)
    }
    let hidden = FolderCommit.freeName(of: Path.join(folder, Path.name(target)))
    guard System.makeFolder(hidden) == 0 else {
      throw .system("write", path: path, code: errno)
    }
    _ = System.removeFolder(hidden)
  }

  /// Creates what `replace` creates, and removes it.
  private static func requireRoom(for path: String) throws(InputError) {
    let hidden = FolderCommit.freeName(of: try Path.followed(path))
    let descriptor = System.open(hidden, O_WRONLY | O_CREAT | O_EXCL)
    guard descriptor >= 0 else { throw .system("create", path: path, code: errno) }
    close(descriptor)
    _ = System.removeFile(hidden)
  }
}
