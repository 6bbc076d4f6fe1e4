import Buffers
import Foundation

/// The room on a file system, and what this process may write of it.
public enum FreeSpace {
  /// Bytes that this user may still write at `path`, which need not exist yet; nil where the file system does not say.
  public static func bytes(at path: String) -> Int? {
    // Some network file systems count nothing.
    guard let room = room(at: path), room.f_blocks > 0 else { return nil }
    return Int(clamping: UInt64(room.f_bavail) * UInt64(room.f_frsize))
  }

  /// Files and folders that this user may still make at `path`, which need not exist yet: its inodes; nil where the file system does
  /// not count them.
  public static func files(at path: String) -> Int? {
    guard let room = room(at: path), room.f_files > 0 else { return nil }
    return Int(clamping: room.f_favail)
  }

  /// Refuses to begin what needs `needed` bytes and `files` new files and folders at `path` where there is no room for them, or where
  /// this process may not write a file as large as the `largest` of them.
  public static func require(
    _ needed: Int, files: Int = 1, largest: Int = 0, for what: String, at path: String
  ) throws(InputError) {
    if let free = self.files(at: path), free < files {
      throw InputError(
        "\(what) needs \(files) inodes (places for files), but the file system has only \(free) left: remove some files or "
          + "choose another folder", path: path)
    }
    try requireFileSize(largest, for: what, at: path)
    guard let free = bytes(at: path), free < needed else { return }
    throw InputError(
      "\(what) needs \(needed) bytes, and only \(free) are free: the disk is full; free some space or "
        + "choose another folder", path: path)
  }

  /// Refuses a file of `bytes` at `path` where this process may not write one so large.
  public static func requireFileSize(_ bytes: Int, for what: String, at path: String)
    throws(InputError)
  {
    guard let most = ProcessLimit.fileSize.value, most < bytes else { return }
    throw InputError(
      "\(what) needs a file of \(bytes) bytes, and this process may write only \(most) "
        + "(\(ProcessLimit.fileSize.text(most))); \(ProcessLimit.fileSize.remedy)", path: path)
  }

  /// The file system at `path`, or at its nearest parent folder that exists.
  private static func room(at path: String) -> statvfs? {
    var path = Path.trimmed(path)
    while !Path.exists(path), path != Path.parent(path) { path = Path.parent(path) }
    var room = statvfs()
    guard System.room(path, &room) == 0 else { return nil }
    return room
  }
}
