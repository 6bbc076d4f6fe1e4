import CXXHash
import Foundation

/// The system's calls that take a path: each gets the bytes that the string stands for (`FileName`). They return what the system
/// returns; `errno` then says why.
enum System {
  /// Calls `body` with the bytes of `path`. A path with a zero byte in it names nothing.
  static func withPath<Result>(
    _ path: String, _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    var bytes = FileName.bytes(path)
    if bytes.contains(0) { bytes = [] }
    bytes.append(0)
    let characters = bytes.map { CChar(bitPattern: $0) }
    return unsafe characters.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { preconditionFailure("a path of nothing") }
      return unsafe body(start)
    }
  }

  /// A descriptor, or -1. It is never one of the standard three's by accident: `flags` has O_CLOEXEC added.
  static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o666) -> Int32 {
    unsafe withPath(path) { unsafe Foundation.open($0, flags | O_CLOEXEC, mode) }
  }

  static func rename(_ source: String, to target: String) -> Int32 {
    unsafe withPath(source) { from in unsafe withPath(target) { unsafe Foundation.rename(from, $0) }
    }
  }

  /// Each of the two gets the other's place, at once.
  static func exchange(_ one: String, _ other: String) -> Int32 {
    unsafe withPath(one) { from in unsafe withPath(other) { unsafe cfiles_exchange(from, $0) } }
  }

  static func makeFolder(_ path: String) -> Int32 {
    unsafe withPath(path) { unsafe mkdir($0, 0o777) }
  }

  static func removeFolder(_ path: String) -> Int32 { unsafe withPath(path) { unsafe rmdir($0) } }

  static func removeFile(_ path: String) -> Int32 { unsafe withPath(path) { unsafe unlink($0) } }

  /// - Parameter mode: R_OK, W_OK, X_OK
  static func access(_ path: String, _ mode: Int32) -> Int32 {
    unsafe withPath(path) { unsafe faccessat(AT_FDCWD, $0, mode, AT_EACCESS) }
  }

  static func room(_ path: String, _ room: inout statvfs) -> Int32 {
    unsafe withPath(path) { unsafe statvfs($0, &room) }
  }

  static func status(_ path: String, followingLinks: Bool = true) -> stat? {
    var status = stat()
    let result = unsafe withPath(path) {
      unsafe followingLinks ? stat($0, &status) : lstat($0, &status)
    }
    return result == 0 ? status : nil
  }

  /// `path` from the root of the file system on, without links; nil where it does not exist.
  static func realPath(_ path: String) -> String? {
    let found = unsafe withPath(path) { unsafe realpath($0, nil) }
    guard let found = unsafe found else { return nil }
    defer { unsafe free(found) }
    return unsafe FileName.string(at: found)
  }

  /// The target of the link at `path`; nil if it is not a link.
  static func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = unsafe withPath(path) { start in
      unsafe buffer.withUnsafeMutableBufferPointer { buffer in
        unsafe buffer.baseAddress.map { unsafe readlink(start, $0, buffer.count) } ?? -1
      }
    }
    return count < 0 ? nil : FileName.string(buffer[..<count].map { UInt8(bitPattern: $0) })
  }

  /// The names in a folder without `.` and `..`, or nil.
  static func names(in path: String) -> [String]? {
    let folder = unsafe withPath(path) { unsafe opendir($0) }
    guard let folder = unsafe folder else { return nil }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(folder) else { return errno == 0 ? names : nil }
      let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
      let start = unsafe (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
      let name = unsafe FileName.string(at: start)
      if name != ".", name != ".." { names.append(name) }
    }
  }
}

/// The kind, identity and size of the file at a path.
package struct FileStatus: Sendable {
  /// The kind of the file.
  package enum Kind: Sendable { case file, folder, link, other }

  /// The identity of a file, which does not depend on its names.
  package struct Identity: Hashable, Sendable {
    let device, inode: UInt64
  }

  package let kind: Kind
  package let size: Int
  package let identity: Identity
  /// The lower twelve bits of its mode.
  package let permissions: UInt32

  /// Nil where nothing is there, or nothing that this user may see.
  package init?(_ path: String, followingLinks: Bool = true) {
    guard let status = System.status(path, followingLinks: followingLinks) else { return nil }
    self.init(status)
  }

  /// The identity of an open file.
  init?(descriptor: Int32) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFLNK: .link
      default: .other
      }
    size = Int(status.st_size)
    identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    permissions = UInt32(status.st_mode & 0o7777)
  }
}
