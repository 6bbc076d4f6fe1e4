/// Size and hash of every file of a folder: `XXH128SUMS`, which `xxhsum -c XXH128SUMS` verifies
/// too, and `SIZES`.
///
/// Lines of sums are `hash  name`. `xxhsum` knows no line for a size and warns about comments, so
/// the sizes stand in a file of their own whose hash is the first line of the sums.
public enum SumsFile {
  /// The file of hashes.
  public static let name = "XXH128SUMS"

  /// The file of sizes: lines of `bytes  name`.
  public static let sizesName = "SIZES"

  /// Writes `SIZES` and `XXH128SUMS` over all files in `folder`; those of `known`, by relative
  /// path, are not read again.
  public static func write(
    in folder: String, known: [String: FileDigest] = [:]
  ) throws(InputError) {
    var sums: [(String, String)] = []
    var sizes = ""
    for file in try FolderCommit.files(in: folder) where file != name && file != sizesName {
      precondition(!file.contains { $0.isNewline || $0 == "\\" }, "a file name of two lines")
      let digest =
        if let known = known[file] { known } else { try FileDigest(file: "\(folder)/\(file)") }
      sums.append((file, digest.hash))
      sizes += "\(digest.size)  \(file)\n"
    }
    let digest = try FileWriter.write(sizes, to: "\(folder)/\(sizesName)")
    sums.insert((sizesName, digest.hash), at: 0)
    let lines = sums.map { "\($0.1)  \($0.0)\n" }
    try FileWriter.write(lines.joined(), to: "\(folder)/\(name)")
  }

  /// The first file or folder in `folder` that its sums do not list, so that whoever wrote them did not write it; nil where all
  /// are listed, or there is no folder.
  public static func foreign(in folder: String) throws(InputError) -> String? {
    guard Path.exists(folder) else { return nil }
    let sums = "\(folder)/\(name)"
    var listed: Set = [name, sizesName]
    if Path.exists(sums) {
      listed.formUnion(try lines(of: sums) { $0.utf8.count == 32 }.map(\.name))
    }
    return try FolderCommit.files(in: folder, folders: true).first { !listed.contains($0) }
  }

  /// The errors of the files of `folder`, one per file and naming it: missing,
  /// truncated, or different. Empty if all files are unchanged. Files that are not listed are not
  /// read.
  ///
  /// - Parameter isUsed: whether the file of a relative path is looked at; all others may be missing
  public static func verify(
    _ folder: String, where isUsed: (String) -> Bool = { _ in true }
  ) -> [InputError] {
    let sums: [(name: String, value: String)]
    do {
      sums = try lines(of: "\(folder)/\(name)") { $0.utf8.count == 32 }
    } catch {
      return [error]
    }
    let listed = Dictionary(sums) { first, _ in first }
    guard let hashOfSizes = listed[sizesName], listed.count == sums.count else {
      return [
        InputError("does not list each file once, and \(sizesName)", path: "\(folder)/\(name)")
      ]
    }
    // Sizes are believed only if their file is what it was; the others are then judged by their
    // hashes alone.
    var sizes: [String: Int] = [:]
    var problems: [InputError] = []
    do {
      try verify("\(folder)/\(sizesName)", hash: hashOfSizes, size: nil)
      for line in try lines(of: "\(folder)/\(sizesName)", valid: { Int($0) != nil }) {
        sizes[line.name] = Int(line.value)
        if listed[line.name] == nil {
          problems.append(
            InputError("is truncated: \(line.name) is not listed", path: "\(folder)/\(name)"))
        }
      }
    } catch {
      problems.append(error)
    }
    for sum in sums where sum.name != sizesName && isUsed(sum.name) {
      do {
        try verify("\(folder)/\(sum.name)", hash: sum.value, size: sizes[sum.name])
      } catch {
        problems.append(error)
      }
    }
    return problems
  }

  /// Throws where a file of `folder` is not as it was written. A folder without hashes is taken as it is.
  ///
  /// - Parameter isUsed: whether the file of a relative path is looked at; all others may be missing
  public static func requireWhole(
    _ folder: String, where isUsed: (String) -> Bool
  ) throws(InputError) {
    guard Path.exists("\(folder)/\(name)") else { return }
    let problems = verify(folder, where: isUsed)
    guard let first = problems.first else { return }
    let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
    throw InputError(
      "\(first.reason)\(more); use an intact copy of the folder, or, if the files were changed on purpose, "
        + "remove its \(name) and \(sizesName)",
      path: first.path)
  }

  private static func verify(_ path: String, hash: String, size: Int?) throws(InputError) {
    guard Path.exists(path) else { throw InputError("is missing", path: path) }
    let found = try FileReader(path).size
    if let size, found < size {
      throw InputError("is truncated: \(found) of \(size) bytes", path: path)
    }
    if let size, found > size {
      throw InputError("has \(found) bytes, \(size) were written", path: path)
    }
    let digest = try FileDigest(file: path)
    guard digest.hash == hash else {
      throw InputError(
        "differs from what was written: hash \(digest.hash), not \(hash)", path: path)
    }
  }

  /// The `value  name` lines of the file at `path`.
  private static func lines(
    of path: String, valid: (String) -> Bool
  ) throws(InputError) -> [(name: String, value: String)] {
    guard Path.exists(path) else { throw InputError("is missing", path: path) }
    let reader = try FileReader(path)
    let bytes = try reader.read(UInt8.self, at: 0, count: reader.size)
    guard let text = String(validating: bytes, as: UTF8.self), text.utf8.last == 10 else {
      throw InputError("is empty, truncated or not text", path: path)
    }
    var found: [(name: String, value: String)] = []
    for (index, line) in text.utf8.dropLast().split(separator: 10, omittingEmptySubsequences: false)
      .enumerated()
    {
      let line = Substring(line)
      let value = String(line.prefix { $0 != " " })
      let rest = line.dropFirst(value.count)
      guard valid(value), rest.hasPrefix("  "), rest.count > 2 else {
        throw InputError(
          "expected a value, two spaces and a file name", path: path, line: index + 1)
      }
      found.append((String(rest.dropFirst(2)), value))
    }
    return found
  }
}
