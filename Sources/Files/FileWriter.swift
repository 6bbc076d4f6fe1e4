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
    descriptor = System.open(path, O_WRONLY | O_CREAT | O_TRUNC)
    guard descriptor >= 0 else { throw .system("create", path: path, code: errno) }
    self.path = path
    pending.reserveCapacity(FileWriter.bufferSize)
  }

  /// Writes to a device, a pipe or a file that is open already: where this process's own descriptor of it stands.
  private init(open path: String) throws(InputError) {
    descriptor =
      Path.ownDescriptor(path).map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
      ?? System.open(path, O_WRONLY | O_APPEND)
    guard descriptor >= 0 else { throw .system("open", path: path, code: errno) }
    self.path = path
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

  /// Writes `text` to a new file at `path`, synced: into a folder that appears as a whole. Elsewhere, `replace`.
  @discardableResult
  public static func write(_ text: String, to path: String) throws(InputError) -> FileDigest {
    let writer = try FileWriter(path)
    try writer.write(text)
    return try writer.finish()
  }

  /// Writes `text` so that `path`, or what it links to, holds all of it or what it held before, synced. A device, a pipe or a file
  /// that is open already is written to.
  public static func replace(_ path: String, with text: String) throws(InputError) {
    if Path.isSpecial(path) {
      let writer = try FileWriter(open: path)
      try writer.write(text)
      try writer.finish()
      return
    }
    let target = try Path.followed(path)
    FolderCommit.removeLeftovers(ofFile: target)
    let partial = FolderCommit.freeName(of: target)
    do throws(InputError) {
      let writer = try FileWriter(partial)
      try writer.write(text)
      if let old = FileStatus(target) { fchmod(writer.descriptor, mode_t(old.permissions & 0o777)) }
      try writer.finish()
      if System.rename(partial, to: target) != 0 {
        // A mount point, such as a file with its own mount, cannot be the target of a rename.
        guard errno == EBUSY || errno == EXDEV else {
          throw InputError.system("replace it", path: target, code: errno)
        }
        try copy(partial, to: target)
        _ = System.removeFile(partial)
      }
    } catch {
      // The failure that is being reported matters more than what is left under a hidden name.
      _ = System.removeFile(partial)
      throw error
    }
    try FolderCommit.sync(Path.parent(target))
  }

  /// Writes the bytes of the file `source` at `target`, in place, synced.
  static func copy(_ source: String, to target: String) throws(InputError) {
    let reader = try FileReader(source)
    let writer = try FileWriter(target)
    while writer.count < reader.size {
      let piece = try reader.read(
        UInt8.self, at: writer.count, count: min(1 << 20, reader.size - writer.count))
      try writer.write(piece.span)
    }
    try writer.finish()
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
        let code = errno
        if Transfer.isToBeRepeated(code, on: descriptor, for: POLLOUT) { continue }
        throw .system("write", path: path, code: code)
      }
      done += written
    }
  }
}
