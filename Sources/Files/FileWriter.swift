import Foundation

/// Writes a file from its beginning to its end, and hashes what it writes.
///
/// A file that is not finished is closed, not synced and not removed: write into a folder of
/// `FolderCommit`.
public final class FileWriter {
  /// The path of the file.
  public let path: String

  /// The bytes written so far.
  public private(set) var count = 0

  private var descriptor: Int32
  private var hash = XXH128()
  private var pending: [UInt8] = []

  /// Writes shorter than this are gathered first.
  private static let bufferSize = 1 << 16

  /// Creates the file at `path`, or empties it.
  public init(_ path: String) throws(InputError) {
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system("create", path: path, code: errno) }
    self.path = path
    pending.reserveCapacity(FileWriter.bufferSize)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends `bytes`.
  public func write(_ bytes: RawSpan) throws(InputError) {
    precondition(descriptor >= 0, "a write after finish")
    hash.update(bytes)
    count += bytes.byteCount
    if pending.count + bytes.byteCount > FileWriter.bufferSize { try flush() }
    if bytes.byteCount >= FileWriter.bufferSize {
      try transfer(bytes)
    } else {
      unsafe bytes.withUnsafeBytes { unsafe pending.append(contentsOf: $0) }
    }
  }

  /// Appends the bytes of `elements`.
  public func write<Element: FileElement>(_ elements: Span<Element>) throws(InputError) {
    try unsafe write(elements.bytes)
  }

  /// Appends the UTF-8 of `text`.
  public func write(_ text: String) throws(InputError) {
    try write(text.utf8.span)
  }

  /// Brings the file to the disk, closes it and says what it holds.
  @discardableResult
  public func finish() throws(InputError) -> FileDigest {
    try flush()
    guard fsync(descriptor) == 0 || errno == EINVAL else {  // EINVAL: a pipe or a device
      throw .system("bring to the disk", path: path, code: errno)
    }
    let status = close(descriptor)
    descriptor = -1
    // EINTR after close: the descriptor is gone on Linux, and the data were synced above.
    guard status == 0 || errno == EINTR else { throw .system("close", path: path, code: errno) }
    return FileDigest(hash: hash.hexadecimal, size: count)
  }

  /// Writes `text` to a new file at `path`, synced.
  @discardableResult
  public static func write(_ text: String, to path: String) throws(InputError) -> FileDigest {
    let writer = try FileWriter(path)
    try writer.write(text)
    return try writer.finish()
  }

  /// Writes `text` so that `path` holds all of it or what it held before, synced. A device or a pipe is written to.
  public static func replace(_ path: String, with text: String) throws(InputError) {
    if Path.isSpecial(path) {
      try write(text, to: path)
      return
    }
    let partial = FolderCommit.hiddenName(of: path)
    do {
      try write(text, to: partial)
      try FolderCommit.rename(partial, to: path)
    } catch {
      // The failure that is being reported matters more than what is left under a hidden name.
      try? FileManager.default.removeItem(atPath: partial)
      throw error
    }
    try FolderCommit.sync(Path.parent(path))
  }

  private func flush() throws(InputError) {
    guard !pending.isEmpty else { return }
    var gathered: [UInt8] = []
    swap(&gathered, &pending)
    try unsafe transfer(gathered.span.bytes)
    gathered.removeAll(keepingCapacity: true)
    pending = gathered
  }

  private func transfer(_ bytes: RawSpan) throws(InputError) {
    var done = 0
    while done < bytes.byteCount {
      let written = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Foundation.write(
          descriptor, buffer.baseAddress! + done, min(buffer.count - done, 1 << 30))
      }
      if written < 0 {
        if errno == EINTR { continue }
        throw .system("write", path: path, code: errno)
      }
      done += written
    }
  }
}
