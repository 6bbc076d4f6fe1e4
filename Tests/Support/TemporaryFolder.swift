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
/// ext4 flushes a file to the disk that is cut to nothing and written again, which takes milliseconds.
public func put(_ bytes: some Sequence<UInt8>, at path: String) throws {
  let file = URL(fileURLWithPath: path)
  try? FileManager.default.removeItem(at: file)
  try FileManager.default.createDirectory(
    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
  try Data(bytes).write(to: file)
}

/// The bytes of a file, past the package's own reader.
public func bytes(of path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}
