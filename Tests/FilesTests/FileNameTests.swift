import Files
import Foundation
import TestSupport
import Testing

/// Names of files are bytes.
@Suite struct FileNameTests {
  @Test func anErrorPrintsNoControlCharacterOfAPath() {
    let error = InputError("is empty", path: "a\u{1b}[31m\nb", line: 3)
    #expect(error.description == "a<U+001B>[31m\\nb:3: is empty")
  }

  /// Latin-1, a Windows name, UTF-16, cut sequences, surrogates, what is too long, real scalars of the private range, accents alone.
  private static let names: [[UInt8]] =
    [
      Array("plain.txt".utf8), Array("Märchen".utf8),
      Array("M".utf8) + [0xE4] + Array("rchen".utf8),
      [0xFF, 0xFE, 0x41], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xED, 0xA0, 0x80],
      [0xC0, 0xAF], [0xF5, 0x80, 0x80, 0x80], [0xEF, 0x9E, 0x80], [0xEF, 0x9F, 0xBF],
      [0xEF, 0x9E, 0xBF, 0xE4], Array("\u{301}x".utf8), Array("e\u{301}".utf8),
      Array("\u{F77F}\u{F800}".utf8), Array("\u{1F600}".utf8),
    ] + (0x80...0xFF).map { [$0] }

  @Test func namesAndStringsCorrespond() {
    var seen: [[UInt8]: [UInt8]] = [:]
    for name in Self.names {
      let string = FileName.string(name)
      #expect(FileName.bytes(string) == name)
      #expect(seen.updateValue(name, forKey: Array(string.utf8)) == nil)
      let isText = String(validating: name, as: UTF8.self).map(FileName.isText) ?? false
      #expect(FileName.isText(string) == isText)
      #expect(FileName.text(ofArgument: string) == String(validating: name, as: UTF8.self))
    }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let name = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
        [0xEF, 0x9E, 0x9F, 0x80, 0xBF, 0xE4, 0x41, UInt8.random(in: 0...255, using: &generator)]
          .randomElement(using: &generator) ?? 0
      }
      #expect(FileName.bytes(FileName.string(name)) == name, "\(name)")
    }
  }

  @Test func bytesArePrintedReadably() {
    let name = FileName.string([0x4D, 0xE4, 0x72])
    #expect(FileName.printable("in \(name)") == "in M\\xE4r")
    #expect(FileName.printable("\"\(name)\"", inJSON: true) == "\"M\\\\xE4r\"")
    #expect(InputError("is empty", path: name).description == "M\\xE4r: is empty")
  }

  @Test func pathsAreCutAtEverySlash() {
    for name in Self.names.map(FileName.string) {
      #expect(Path.name("a/\(name)") == name && Path.parent("a/\(name)") == "a")
      #expect(Path.parent("/\(name)/") == "/" && Path.name("/\(name)/") == name)
      #expect(Path.trimmed("\(name)//") == name)
    }
    #expect(Path.parent("x") == "." && Path.parent("/") == "/" && Path.trimmed("/") == "/")
    #expect(Path.join("/", "x") == "/x" && Path.join("a/", "x") == "a/x")
  }

  /// Every way to write and to read, with every name.
  @Test func filesAndFoldersOfAllNamesAreWrittenReadAndListed() throws {
    try withTemporaryFolder { parent in
      for (index, bytes) in Self.names.enumerated() {
        let (folder, name) = ("\(parent)/\(index)", FileName.string(bytes))
        let path = "\(folder)/\(name)"
        try FolderCommit.commit(path) { _ = try FileWriter.write("1", to: "\($0)/\(name)") }
        try FolderCommit.commit(path, existing: .replaced) {
          _ = try FileWriter.write("22", to: "\($0)/\(name)")
        }
        #expect(try FolderCommit.contents(of: folder).map(FileName.bytes) == [bytes])
        #expect(try FolderCommit.files(in: folder).map(FileName.bytes) == [bytes + [0x2F] + bytes])
        try FileWriter.replace("\(path)/\(name)", with: "333")
        #expect(try FileReader.text(of: "\(path)/\(name)") == "333")
        #expect(try MappedFile("\(path)/\(name)").count == 3)
        try AppendedFile("\(path)/log\(name)").append("line")
        #expect(FreeSpace.bytes(at: path) != nil)
        #expect(Path.isFolder(path) && Path.name(Path.resolved(path)) == name)
        _ = try FolderLock(path)
        #expect(FolderCommit.remove(path))
        #expect(try FolderCommit.contents(of: folder) == [])
      }
      #expect(!Path.exists("\(parent)/0\0") && !Path.exists("\(parent)\0"))
    }
  }

  @Test func argumentsAreReadByTheirBytes() throws {
    try withTemporaryFolder { folder in
      let program = try Products.executable("WriterProgram")
      let script = """
        set -e; name=$(printf 'd\\344'); other=$(printf 'd\\366')
        "$0" file "$name" one; "$0" file "$other" two; "$0" read "$name"; cat "$other"
        "$0" read "$other$name" || true
        """
      let outcome = try Command(["sh", "-c", script, program], folder: folder).run()
      #expect(
        outcome.output
          == "one\ntwoerror: d\\xF6d\\xE4: cannot open: it does not exist; check the path\n",
        "\(outcome.errors)")
      #expect(
        Set(try FolderCommit.contents(of: folder).map(FileName.bytes)) == [
          [0x64, 0xE4], [0x64, 0xF6],
        ])
    }
  }
}
