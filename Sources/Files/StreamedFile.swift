import Foundation

// Files that can be read only once: pipes, sockets, terminals.
extension FileReader {
  /// Opens what is at `path`: a regular file, or something that is read from beginning to end, like a pipe: its bytes are copied into
  /// a temporary file without a name, so that they can be read more than once.
  public convenience init(reading path: String) throws(InputError) {
    guard Path.isStream(path) else {
      try self.init(path)
      return
    }
    let source = try FileReader.openStream(path)
    defer { close(source) }
    let copy = try FileReader.openTemporary()
    do {
      let size = try FileReader.copy(source, to: copy, path: path)
      self.init(copy: copy, of: path, size: size)
    } catch {
      close(copy)
      throw error
    }
  }

  /// Standard input by its own descriptor: a socket cannot be opened by its path.
  private static func openStream(_ path: String) throws(InputError) -> Int32 {
    let isInput = ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(path)
    // Without O_NONBLOCK: a pipe that nobody writes into yet is waited for.
    let descriptor =
      isInput
      ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : System.open(path, O_RDONLY)
    guard descriptor >= 0 else { throw .system("open", path: path, code: errno) }
    return descriptor
  }

  private static func openTemporary() throws(InputError) -> Int32 {
    let folder = Path.temporary
    let path = "\(folder)/gpt1-dist-\(UUID().uuidString)"
    let descriptor = System.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    guard descriptor >= 0 else { throw .system("create a file", path: folder, code: errno) }
    // It goes when it is closed, however the process ends.
    _ = System.removeFile(path)
    return descriptor
  }

  /// The number of bytes copied.
  private static func copy(
    _ source: Int32, to target: Int32, path: String
  ) throws(InputError) -> Int {
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var size = 0
    while true {
      let count = try StandardInput.read(source, into: &chunk, path: path)
      guard count > 0 else { return size }
      var done = 0
      while done < count {
        let written = unsafe chunk.withUnsafeBytes {
          unsafe write(target, $0.baseAddress! + done, count - done)
        }
        guard written >= 0 || errno == EINTR else {
          throw .system("copy what is read from \(path)", path: Path.temporary, code: errno)
        }
        done += max(0, written)
      }
      size += count
    }
  }
}

extension MappedFile {
  /// The file at `path` mapped, or nil where it is not a regular file but can be read from beginning to end.
  public static func ifRegular(_ path: String) throws(InputError) -> MappedFile? {
    Path.isStream(path) ? nil : try MappedFile(path)
  }
}

extension Path {
  /// True if `path` can be read only once, from beginning to end: a pipe, a socket or a terminal.
  static func isStream(_ path: String) -> Bool {
    guard let status = System.status(path) else { return false }
    switch status.st_mode & S_IFMT {
    case S_IFIFO, S_IFSOCK: return true
    case S_IFCHR:
      // Terminals are the only devices whose input ends.
      let descriptor = System.open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      return isatty(descriptor) == 1
    default: return false
    }
  }

  /// True if this process has permission to read `path`.
  package static func isReadable(_ path: String) -> Bool { System.access(path, R_OK) == 0 }
}
