import Foundation

/// A folder that one process at a time uses: an exclusive lock on its file `.lock`, held as long as
/// this object lives (`withExtendedLifetime`) and not beyond the end of the process, kill -9
/// included.
///
/// File systems that know no locks give none: the folder is then used without one.
public final class FolderLock: Sendable {
  private let descriptor: Int32
  private let path: String

  /// Locks `folder`, which exists; an InputError where somebody else holds it.
  ///
  /// - Parameters:
  ///   - patience: tenths of a second to wait for it
  ///   - waiting: called once, where it has to be waited for
  public init(
    _ folder: String, patience: Int = 0, waiting: () -> Void = {}
  ) throws(InputError) {
    path = "\(folder)/.lock"
    var patience = patience
    var isWaiting = false
    while true {
      let opened = try FolderLock.open(path)
      if try FolderLock.lock(opened, path) {
        // Whoever held it may have lost the folder meanwhile: a lock on a file that is gone keeps nobody out.
        if Path.isFile(path, of: opened) {
          descriptor = opened
          return
        }
      }
      close(opened)
      guard patience > 0 else {
        throw InputError(
          "another run is using this folder: wait for it to end or give another --out",
          path: folder)
      }
      if !isWaiting { waiting() }
      isWaiting = true
      patience -= 1
      usleep(100_000)
    }
  }

  private static func open(_ path: String) throws(InputError) -> Int32 {
    // For writing: NFS locks nothing else exclusively.
    var descriptor = System.open(path, O_RDWR | O_CREAT)
    if descriptor < 0, errno == EROFS || errno == EACCES {
      let code = errno
      // A finished run on a disk that is only read from can still be looked at.
      descriptor = System.open(path, O_RDONLY)
      guard descriptor >= 0 else { throw .system("create", path: path, code: code) }
    }
    guard descriptor >= 0 else { throw .system("create", path: path, code: errno) }
    return descriptor
  }

  /// Locks the folder; false if another process holds the lock.
  private static func lock(_ descriptor: Int32, _ path: String) throws(InputError) -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      switch code {
      case EINTR: continue
      case ENOLCK, EOPNOTSUPP, EINVAL, ENOSYS: return true
      case EWOULDBLOCK: return false
      default:
        close(descriptor)
        throw .system("lock", path: path, code: code)
      }
    }
    return true
  }

  /// True if the locked file is still in the folder.
  public var isInPlace: Bool { Path.isFile(path, of: descriptor) }

  deinit { close(descriptor) }
}
