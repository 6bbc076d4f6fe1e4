import Foundation

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

/// The text of a file, which is UTF-8.
public func text(of path: String) throws -> String {
  guard let text = String(bytes: try bytes(of: path), encoding: .utf8) else {
    throw SupportError("\(path) is not UTF-8")
  }
  return text
}

/// The names in a folder, sorted.
public func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// The files below a folder and their bytes, by relative path.
public func contents(of folder: String) throws -> [String: [UInt8]] {
  var result: [String: [UInt8]] = [:]
  for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder)
    if !isFolder.boolValue { result[path] = try bytes(of: "\(folder)/\(path)") }
  }
  return result
}
