import Foundation

/// A log that lines are appended to, and that never loses one while the process lives: what cannot be written is kept and goes before
/// the next line, and a file that was removed can be put back.
///
/// A line is written in one piece, but a full disk may take a part of it: the rest follows as soon as there is room.
public final class AppendedFile {
  /// The path it was opened by.
  public let path: String

  private var descriptor: Int32
  private var pending: [UInt8] = []

  /// Opens the file at `path`, or creates it.
  public init(_ path: String) throws(InputError) {
    self.path = path
    descriptor = try AppendedFile.open(path)
    // A process that was killed may have left a part of a line.
    if let last = try contents(last: 1).last, last != UInt8(ascii: "\n") {
      pending = [UInt8(ascii: "\n")]
    }
  }

  deinit { close(descriptor) }

  /// Bytes that were appended and could not be written yet.
  public var pendingCount: Int { pending.count }

  /// Appends `line` and a line feed.
  ///
  /// - Throws: where the system refuses; what was refused is kept.
  public func append(_ line: String) throws(InputError) {
    pending += Array(line.utf8) + [UInt8(ascii: "\n")]
    try flush()
  }

  /// Writes what is pending.
  public func flush() throws(InputError) {
    while !pending.isEmpty {
      let written = unsafe pending.withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress, $0.count)
      }
      if written < 0 {
        if errno == EINTR { continue }
        throw .system("write", path: path, code: errno)
      }
      pending.removeFirst(written)
    }
  }

  /// True if `path` is still this file; false if it names another file or none.
  public var isInPlace: Bool { Path.isFile(path, of: descriptor) }

  /// Gives `path` all that this file holds, and goes on there. Its folder exists.
  public func putBack() throws(InputError) {
    let bytes = try contents()
    let new = try AppendedFile.open(path)
    close(descriptor)
    descriptor = new
    pending = bytes + pending
    try flush()
  }

  /// Leaves only the lines that `isKept` keeps, and nothing of a last one that was not finished.
  public func filter(_ isKept: (Substring) -> Bool) throws(InputError) {
    let written = try contents()
    let lines = String(decoding: written + pending, as: UTF8.self).split(separator: "\n")
    let kept = [UInt8](lines.filter(isKept).map { $0 + "\n" }.joined().utf8)
    if kept.starts(with: written) {
      pending = Array(kept.dropFirst(written.count))
    } else if written.starts(with: kept) {
      // Needs no room on the disk.
      guard ftruncate(descriptor, off_t(kept.count)) == 0 else {
        throw .system("shorten", path: path, code: errno)
      }
      pending = []
    } else {
      try FileWriter.replace(path, with: String(decoding: kept, as: UTF8.self))
      let new = try AppendedFile.open(path)
      close(descriptor)
      (descriptor, pending) = (new, [])
    }
  }

  /// All bytes, or the last ones.
  private func contents(last most: Int = .max) throws(InputError) -> [UInt8] {
    guard let size = FileStatus(descriptor: descriptor)?.size else {
      throw .system("read", path: path, code: errno)
    }
    var bytes = [UInt8](repeating: 0, count: min(size, most))
    let start = size - bytes.count
    var done = 0
    while done < bytes.count {
      let got = unsafe bytes.withUnsafeMutableBytes {
        unsafe pread(descriptor, $0.baseAddress! + done, $0.count - done, off_t(start + done))
      }
      if got < 0 {
        if errno == EINTR { continue }
        throw .system("read", path: path, code: errno)
      }
      if got == 0 { break }
      done += got
    }
    return Array(bytes.prefix(done))
  }

  private static func open(_ path: String) throws(InputError) -> Int32 {
    let descriptor = System.open(path, O_RDWR | O_CREAT | O_APPEND)
    guard descriptor >= 0 else { throw .system("open", path: path, code: errno) }
    return descriptor
  }
}
