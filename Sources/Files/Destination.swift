import Foundation

/// Places that something will be written to at the end of long work, tried before it.
public enum Destination {
  /// An InputError where `FileWriter.replace` could not put a file at `path`.
  public static func requireFile(_ path: String) throws(InputError) {
    guard !path.isEmpty, !path.hasSuffix("/"), !Path.isFolder(path) else {
      throw InputError("is no name of a file; give the name of the file to write", path: path)
    }
    guard !Path.isSpecial(path) else { return }
    let hidden = FolderCommit.hiddenName(of: path)
    let descriptor = unsafe open(hidden, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system("create", path: path, code: errno) }
    close(descriptor)
    unsafe unlink(hidden)
  }
}
