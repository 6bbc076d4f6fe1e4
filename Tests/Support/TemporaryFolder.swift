import Foundation

/// Calls `body` with the path of a new empty folder, which is removed afterwards.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// Writes a new file past the package's own writer, with the folders on the way; a file that was there is removed.
///
/// Foundation would wait for the disk, and ext4 for a file that is cut to nothing and written again: milliseconds each.
public func put(_ bytes: some Sequence<UInt8>, at path: String) throws {
  unlink(path)
  var file = fopen(path, "wx")
  if file == nil, errno == ENOENT {
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
    file = fopen(path, "wx")
  }
  guard let file else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  let bytes = Array(bytes)
  let written = fwrite(bytes, 1, bytes.count, file)
  guard fclose(file) == 0, written == bytes.count else { throw POSIXError(.EIO) }
}

/// The bytes of a file, past the package's own reader.
public func bytes(of path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}
