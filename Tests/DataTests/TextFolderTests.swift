import Data
import Files
import Foundation
import TestSupport
import Testing
import Tokenization

@Suite struct TextFolderTests {
  /// A folder with files of these names, and links by name and target.
  private func withFolder<Result>(
    _ files: [String], links: [(String, String)] = [], _ body: (String) throws -> Result
  ) throws -> Result {
    try withTemporaryFolder { folder in
      for file in files { try put("text of \(file)\n".utf8, at: "\(folder)/\(file)") }
      for (name, target) in links {
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/\(name)", withDestinationPath: target)
      }
      return try body(folder)
    }
  }

  @Test func linksAreFollowedOnce() throws {
    let files = ["c/b.txt", "c/sub/a.txt", "big/wiki/x.txt", "big/wiki/deep/y.txt"]
    let links = [
      ("c/wiki", "../big/wiki"), ("c/again", "../big/wiki/deep"), ("c/self", "."),
      ("big/wiki/up", "../../c"), ("c/a copy.txt", "b.txt"), ("c/lost.txt", "/gone"),
      ("c/lost", "gone"), ("c/circle", "circle"),
    ]
    try withFolder(files, links: links) { folder in
      let found = try TextFolder("\(folder)/c")
      #expect(found.files == ["again/y.txt", "b.txt", "sub/a.txt", "wiki/x.txt"])
      #expect(
        found.notes == [
          "3 links are broken: circle, lost, lost.txt",
          "4 entries are other paths to files that are already read, and are read only once: a copy.txt, self, "
            + "wiki/deep, wiki/up",
        ])
    }
  }

  @Test func whatIsPassedOverIsCountedAndNamed() throws {
    let files =
      ["LOUD.TXT", "mixed.Txt", "z.txt", "sub/a.txt", "notes.md", ".hidden/x.txt", ".h.txt"]
      + (0..<6).map { "more/\($0).jsonl" }
    try withFolder(files) { folder in
      let found = try TextFolder(folder)
      #expect(found.files == ["LOUD.TXT", "mixed.Txt", "sub/a.txt", "z.txt"])
      #expect(
        found.notes == [
          "7 files do not end in .txt and are not read: more/0.jsonl, more/1.jsonl, more/2.jsonl, "
            + "more/3.jsonl, more/4.jsonl and 2 more",
          "2 entries are hidden and not read (their names begin with a dot): .h.txt, .hidden",
        ])
      let error = try inputError {
        _ = try prepare("a\nb\n", in: folder) { $0.inputs = ["\(folder)/more"] }
      }
      #expect(
        error.reason == "holds no .txt file (6 files do not end in .txt and are not read: 0.jsonl, "
          + "1.jsonl, 2.jsonl, 3.jsonl, 4.jsonl and 1 more); give text files or their folder")
    }
  }

  @Test func namesAreBytes() throws {
    let name = FileName.string([0x4D, 0xE4, 0x72])  // Mär in Latin-1
    try withTemporaryFolder { folder in
      try FolderCommit.create("\(folder)/n/\(name)")
      for file in ["n/\(name).txt", "n/\(name)/a.txt", "n/z.txt"] {
        try FileWriter.write("a text\n", to: "\(folder)/\(file)")
      }
      #expect(
        try TextFolder("\(folder)/n").files
          == ["z.txt", "\(name)/a.txt", "\(name).txt"].sorted {
            FileName.bytes($0).lexicographicallyPrecedes(FileName.bytes($1))
          })
      let info = try prepare("a\nb\n", in: folder) {
        $0.inputs = ["\(folder)/n", "\(folder)/n/\(name).txt"]
        $0.validationFraction = 0
      }
      #expect(info.sources.count == 3)
      #expect(info.warnings.contains { $0.hasPrefix("1 file is given more than once") })
    }
  }

  @Test func aFileGivenTwiceIsReadOnce() throws {
    try withFolder(["c/b.txt", "d.txt"], links: [("e.txt", "c/b.txt")]) { folder in
      let info = try prepare("x\ny\n", in: folder) {
        $0.inputs = ["c", "c/b.txt", "d.txt", "e.txt", "c/"].map { "\(folder)/\($0)" }
        $0.validationFraction = 0
      }
      #expect(info.sources.map(\.path) == ["c/b.txt", "d.txt"].map { "\(folder)/\($0)" })
      #expect(info.warnings.contains { $0.hasPrefix("3 files are given more than once") })
    }
  }

  @Test func passagesOfRaceAreFoundBehindLinks() throws {
    let passage = """
      {"article": "the cat sat", "questions": ["who"], "options": [["a","b","c","d"]], "answers": ["A"]}
      """
    try withFiles(["dev/middle/1.txt": passage, "store/high/2.TXT": passage]) { folder in
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/dev/high", withDestinationPath: "../store/high")
      let found = try TaskSpec.named("race").read(.dev, in: folder)
      #expect(found.examples.map(\.id) == ["high/2-0", "middle/1-0"])
      #expect(found.notes.isEmpty)
      try put("x".utf8, at: "\(folder)/dev/README")
      let notes = try TaskSpec.named("race").read(.dev, in: folder).notes
      #expect(notes == ["\(folder)/dev: 1 file does not end in .txt and is not read: README"])
    }
  }
}
