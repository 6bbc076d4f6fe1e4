import Foundation

/// The room on a file system.
public enum FreeSpace {
  /// Bytes that this user may still write at `path`, which need not exist yet; nil where the file system does not say.
  public static func bytes(at path: String) -> Int? {
    var path = Path.trimmed(path)
    while !Path.exists(path), path != Path.parent(path) { path = Path.parent(path) }
    var room = statvfs()
    // Some network file systems count nothing.
    guard System.room(path, &room) == 0, room.f_blocks > 0 else { return nil }
    return Int(clamping: UInt64(room.f_bavail) * UInt64(room.f_frsize))
  }

  /// Refuses to begin what needs `needed` bytes at `path` where there are fewer.
  public static func require(_ needed: Int, for what: String, at path: String) throws(InputError) {
    guard let free = bytes(at: path), free < needed else { return }
    throw InputError(
      "\(what) needs \(needed) bytes, and only \(free) are free: the disk is full; free some space or "
        + "choose another folder", path: path)
  }
}
