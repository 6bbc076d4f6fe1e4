import Buffers
import Foundation

extension InputError {
  /// One sentence about a refusal of the operating system: `cannot ACTION: why; what to do`.
  ///
  /// - Parameters:
  ///   - action: What was tried, after "cannot": `write`, `open`, `rename to x`.
  ///   - path: The file or folder at fault; the room left is that of its file system.
  ///   - code: The `errno` of the failed call.
  package static func system(_ action: String, path: String, code: Int32) -> InputError {
    let why =
      switch code {
      case ENOSPC where FileStatus(path)?.kind == .other:
        "the device takes no more bytes; choose another file"
      case ENOSPC where FreeSpace.files(at: path) == 0:
        "no inodes (places for files) are left in \(Path.parent(path)); remove some files or choose another folder"
      case ENOSPC:
        "the disk is full\(roomLeft(at: path)); free some space or choose another folder"
      case EDQUOT:
        "your disk quota is used up\(roomLeft(at: path)); free some space or choose another folder"
      case EROFS:
        "the file system is mounted read-only; choose a folder that can be written"
      case EACCES, EPERM:
        "permission denied; change its permissions or those of its folder, or choose another"
      case EIO:
        "the storage reported an input/output error; look at the disk or network file system"
      case ENOENT where path == "-":
        "it does not exist; for standard input give /dev/stdin"
      case ENOENT:
        "it does not exist; check the path"
      case ENOTDIR:
        "a part of the path is a file, not a folder; check the path"
      case EFBIG:
        "the file would be larger than this process may write\(limit(.fileSize)); \(ProcessLimit.fileSize.remedy)"
      case EMFILE:
        "this process may open no more files\(limit(.openFiles)); raise it: ulimit -n 1024"
      case ENFILE:
        "the system limit on open files is reached; end other programs, or raise fs.file-max"
      case ENOMEM:
        "the system refused the memory\(limit(.addressSpace)); raise the limit, or end other programs"
      case EISDIR:
        "it is a folder where a file is expected; check the path"
      default:
        unsafe String(cString: strerror(code))
      }
    return InputError("cannot \(action): \(why)", path: path)
  }

  /// `(ulimit -n 16)` with a space before it, or nothing where there is no limit.
  private static func limit(_ limit: ProcessLimit) -> String { limit.text.map { " (\($0))" } ?? "" }

  /// `, N bytes are free in FOLDER`, or nothing where the file system does not say.
  private static func roomLeft(at path: String) -> String {
    let folder = Path.parent(path)
    var room = statvfs()
    guard System.room(folder, &room) == 0 else { return "" }
    let bytes = Int(room.f_bavail) * Int(room.f_frsize)
    return ", \(bytes) bytes are free in \(folder)"
  }
}
