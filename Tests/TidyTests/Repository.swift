import Foundation
import TestSupport

/// A place that breaks a rule, as it is printed: `path:line: reason`.
struct Finding: Equatable, CustomStringConvertible {
  var path: String
  var line: Int
  var reason: String

  var description: String { "\(path):\(line): \(reason)" }
}

/// A text file of the repository; `path` is relative to the root.
struct SourceFile {
  var path: String
  var text: String

  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

  /// `Model` for `Sources/Model/Decoder.swift`.
  var module: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }
}

// Files of the repository by their paths from its root.
extension Repository {
  static func url(_ path: String) -> URL { URL(filePath: Repository.path).appending(path: path) }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: url(path).path)
  }

  static func file(_ path: String) throws -> SourceFile {
    SourceFile(path: path, text: try String(contentsOf: url(path), encoding: .utf8))
  }

  /// The regular files below `folders`, sorted by path.
  static func paths(below folders: String...) throws -> [String] {
    try folders.flatMap { folder in
      try FileManager.default.subpathsOfDirectory(atPath: url(folder).path)
        .map { "\(folder)/\($0)" }
        .filter { path in
          var isFolder: ObjCBool = false
          return unsafe FileManager.default.fileExists(
            atPath: url(path).path, isDirectory: &isFolder) && !isFolder.boolValue
        }
    }.sorted()
  }

  /// The Swift files below `folders`.
  static func swiftFiles(below folders: String...) throws -> [SourceFile] {
    try folders.flatMap { folder in
      try paths(below: folder).filter { $0.hasSuffix(".swift") }.map(file)
    }
  }
}
