import Foundation

/// Reads ranges of a regular file into memory that somebody else owns; open as long as it lives.
public final class FileReader: Sendable {
  /// The path it was opened by.
  public let path: String

  /// The bytes in the file when it was opened.
  public let size: Int

  /// True if it reads a copy of a source that can be read only once.
  public let isCopy: Bool

  private let descriptor: Int32

  /// Opens the regular file at `path`.
  public init(_ path: String) throws(InputError) {
    (descriptor, size) = try FileReader.open(path)
    self.path = path
    isCopy = false
  }

  /// Takes over `descriptor`: a copy of what is at `path`, of `size` bytes.
  init(copy descriptor: Int32, of path: String, size: Int) {
    (self.path, self.descriptor, self.size) = (path, descriptor, size)
    isCopy = true
  }

  deinit { close(descriptor) }

  /// Overwrites all of `bytes` with the file's bytes from `offset` on; an InputError where the file
  /// is shorter.
  public func read(at offset: Int, into bytes: inout MutableRawSpan) throws(InputError) {
    precondition(offset >= 0, "a negative offset")
    let count = bytes.byteCount
    var done = 0
    while done < count {
      let got = unsafe bytes.withUnsafeMutableBytes { buffer in
        // Linux transfers 2 GiB less a page at most; smaller requests are the same everywhere.
        unsafe pread(
          descriptor, buffer.baseAddress! + done, min(count - done, 1 << 30), off_t(offset + done))
      }
      if got < 0 {
        if errno == EINTR { continue }
        throw .system("read", path: path, code: errno)
      }
      guard got > 0 else {
        throw InputError(
          "is truncated: it ends at byte \(offset + done), \(offset + count) or more were expected",
          path: path)
      }
      done += got
    }
  }

  /// `count` elements from byte `offset` on; an InputError where the file is shorter.
  public func read<Element: FileElement & ExpressibleByIntegerLiteral>(
    _ type: Element.Type, at offset: Int, count: Int
  ) throws(InputError) -> [Element] {
    // Asked of the file first: a count out of a damaged header must not take memory.
    guard offset <= size, count <= (size - offset) / MemoryLayout<Element>.stride else {
      throw InputError(
        "is truncated: it has \(size) bytes, \(count) values from byte \(offset) on were expected",
        path: path)
    }
    var elements = [Element](repeating: 0, count: count)
    var span = elements.mutableSpan
    var bytes = unsafe span.mutableBytes
    try read(at: offset, into: &bytes)
    return elements
  }

  /// All bytes of the file at `path`, also of one whose size is not known before, as in `/proc` and `/sys`.
  public static func bytes(of path: String) throws(InputError) -> [UInt8] {
    let (descriptor, size) = try open(path)
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let got = unsafe piece.withUnsafeMutableBytes {
        unsafe Foundation.read(descriptor, $0.baseAddress, $0.count)
      }
      if got == 0 { return bytes }
      if got > 0 {
        bytes += piece[..<got]
      } else if case let code = errno,
        !Transfer.isToBeRepeated(code, on: descriptor, for: POLLIN)
      {
        throw .system("read", path: path, code: code)
      }
    }
  }

  /// The text of the file at `path`, which must be UTF-8.
  public static func text(of path: String) throws(InputError) -> String {
    guard let text = String(validating: try bytes(of: path), as: UTF8.self) else {
      throw InputError("is not UTF-8 text", path: path)
    }
    return text
  }

  /// A descriptor of the regular file at `path`, which the caller closes, and its size.
  static func open(_ path: String) throws(InputError) -> (descriptor: Int32, size: Int) {
    // O_NONBLOCK: a named pipe is refused below instead of being waited for.
    let descriptor = System.open(path, O_RDONLY | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system("open", path: path, code: errno) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw .system("open", path: path, code: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw InputError("is not a regular file; check the path", path: path)
    }
    return (descriptor, Int(status.st_size))
  }
}
