import Foundation

/// Calls `body` with the path of a new empty folder, which is removed afterwards.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// Calls `body` with the path of a new folder that holds `files`, by relative path.
public func withFiles<Result>(
  _ files: [String: String], _ body: (String) throws -> Result
) throws -> Result {
  try withTemporaryFolder { folder in
    for (path, text) in files { try put(text.utf8, at: "\(folder)/\(path)") }
    return try body(folder)
  }
}
