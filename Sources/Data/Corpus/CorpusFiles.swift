import Files
import Tokenization

/// The files that the inputs of a corpus stand for.
struct CorpusFiles {
  /// The paths in the order of the inputs, each file once.
  private(set) var paths: [String] = []

  /// Sentences about inputs that were skipped.
  private(set) var notes: [String] = []

  private var seen: Set<FileStatus.Identity> = []
  private var again: [String] = []

  /// - Parameters:
  ///   - inputs: files, or folders of files
  ///   - out: the folder that is going to be replaced; its files are left out of folders, and refused as inputs
  ///   - endings: the endings of file names that are read in folders
  init(_ inputs: [String], out: String, endings: [String]) throws(InputError) {
    let replaced = Array((Path.resolved(out) + "/").utf8)
    let isReplaced: @Sendable (String) -> Bool = {
      "\(Path.resolved($0))/".utf8.starts(with: replaced)
    }
    for input in inputs {
      guard Path.exists(input) else {
        _ = try Path.followed(input)
        let way = input == "-" ? "for standard input give /dev/stdin" : "check --input"
        throw InputError("there is no such file or folder; \(way)", path: input)
      }
      guard !isReplaced(input) else {
        throw InputError(
          "lies in the folder that --out names, which is replaced as a whole; move the text out of "
            + "it or choose another --out", path: input)
      }
      if Path.isFolder(input) {
        try addFolder(input, endings, isReplaced)
      } else {
        add(input)
      }
    }
    notes += TextFolder.PassedOver.note(
      again, "file is given more than once, and is read once",
      "files are given more than once, and are read once")
  }

  package mutating func add(_ path: String) {
    if let identity = FileStatus(path)?.identity, !seen.insert(identity).inserted {
      again.append(path)
    } else {
      paths.append(path)
    }
  }

  private mutating func addFolder(
    _ folder: String, _ endings: [String], _ isReplaced: @escaping @Sendable (String) -> Bool
  ) throws(InputError) {
    let found = try TextFolder(folder, endings: endings, isLeftOut: isReplaced)
    let expected = endings.joined(separator: " or ")
    guard !found.files.isEmpty else {
      let there = found.notes.isEmpty ? "" : " (\(found.notes.joined(separator: "; ")))"
      throw InputError(
        "holds no \(expected) file\(there); give text files or their folder", path: folder)
    }
    for file in found.files { add("\(Path.trimmed(folder))/\(file)") }
    notes += found.notes.map { "\(folder): \($0)" }
  }
}
