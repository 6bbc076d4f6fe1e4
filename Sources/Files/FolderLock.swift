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
  /// - Parameter patience: tenths of a second to wait for it
  public init(_ folder: String, patience: Int = 0) throws(InputError) {
    path = "\(folder)/.lock"
    // For writing: NFS locks nothing else exclusively.
    descriptor = System.open(path, O_RDWR | O_CREAT)
    guard descriptor >= 0 else { throw .system("create", path: path, code: errno) }
    var patience = patience
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      switch code {
      case EINTR: continue
      case ENOLCK, EOPNOTSUPP, EINVAL, ENOSYS: return
      case EWOULDBLOCK where patience > 0:
        patience -= 1
        usleep(100_000)
      case EWOULDBLOCK:
        throw InputError(
          "another run is using this folder: wait for it to end or give another --out",
          path: folder)
      default: throw .system("lock", path: path, code: code)
      }
    }
  }

  /// Whether the folder still has the file that is locked.
  public var isInPlace: Bool { Path.isFile(path, of: descriptor) }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
