import Files
import Foundation
import TestSupport
import Testing

@Suite struct FileTests {
  /// Printed by xxhsum 0.8.1.
  @Test func hashIsThatOfXxhsum() throws {
    #expect(XXH128.hash("") == "99aa06d3014798d86001c324468d497f")
    #expect(XXH128.hash("abc") == "06b05ab6733a618578af5f94892f3950")
    try withTemporaryFolder { folder in
      for count in [1, 3, 240, 1 << 16, (1 << 20) + 1, 3_000_017] {
        try put(pattern(count), at: "\(folder)/x")
        let hash = XXH128.hash(pattern(count).span)
        #expect(try XXH128.hash(file: "\(folder)/x") == hash)
      }
    }
  }

  @Test(.enabled(if: Command.isInstalled("xxhsum"), "xxhsum is not installed: cluster/setup"))
  func xxhsumPrintsTheSameHash() throws {
    try withTemporaryFolder { folder in
      for count in [1, 3, 240, 1 << 16, 3_000_017] {
        try put(pattern(count), at: "\(folder)/x")
        let output = try Command(["xxhsum", "-H2", "x"], folder: folder).run().output
        #expect(output.contains("\(XXH128.hash(pattern(count).span))  x"))
      }
    }
  }

  @Test func writerWritesAndHashesPiecesOfAllSizes() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x"
      let writer = try FileWriter(path)
      var expected: [UInt8] = []
      for count in [0, 1, 7, 65_535, 1, 65_536, 65_537, 3, 300_000, 10] {
        try writer.write(pattern(count).span)
        expected += pattern(count)
      }
      try writer.write("é\n")
      try writer.write([UInt16(0x1234), 0xFFFE].span)
      expected += [0xC3, 0xA9, 0x0A, 0x34, 0x12, 0xFE, 0xFF]
      let digest = try writer.finish()
      #expect(writer.count == expected.count)
      #expect(try bytes(of: path) == expected)
      #expect(digest == FileDigest(hash: XXH128.hash(expected.span), size: expected.count))
      #expect(try FileDigest(file: path) == digest)
    }
  }

  @Test func fullDiskIsOneSentence() throws {
    let writer = try FileWriter("/dev/full")
    let error = #expect(throws: InputError.self) {
      try writer.write(pattern(100_000).span)
      try writer.finish()
    }
    #expect(error?.path == "/dev/full")
    #expect(error?.reason == "cannot write: the device takes no more bytes; choose another file")
    let disk = InputError.system("write", path: "/nowhere/x", code: ENOSPC)
    #expect(disk.reason.contains("the disk is full"))
  }

  @Test(arguments: [
    (EROFS, "read-only"), (EACCES, "permission"), (EIO, "input/output"), (ENOENT, "not exist"),
    (EFBIG, "ulimit -f unlimited"), (EMFILE, "ulimit -n 1024"), (ENOMEM, "refused the memory"),
  ])
  func refusalOfTheSystemSaysWhatToDo(code: Int32, word: String) {
    let error = InputError.system("write", path: "/a/b", code: code)
    #expect(error.reason.hasPrefix("cannot write: ") && error.reason.contains(word))
    #expect(error.path == "/a/b")
  }

  @Test func writingBelowNothingNamesThePath() {
    let error = #expect(throws: InputError.self) { try FileWriter("/nonexistent/x") }
    #expect(error?.path == "/nonexistent/x")
  }

  @Test func mappedElementsAreTheFiles() throws {
    try withTemporaryFolder { folder in
      let writer = try FileWriter("\(folder)/x")
      try writer.write([UInt8(9), 8, 7, 6].span)
      try writer.write([UInt16(1), 65_535].span)
      try writer.write([Float(-1.5)].span)
      try writer.finish()
      let file = try MappedFile("\(folder)/x")
      #expect(file.count == 12)
      #expect(file.element(UInt16.self, at: 6) == 65_535)
      #expect(file.element(Float.self, at: 8) == -1.5)
      let words = file.withElements(of: UInt16.self, at: 4, count: 2) { [$0[0], $0[1]] }
      #expect(words == [1, 65_535])
      #expect(file.withBytes { XXH128.hash($0) } == (try XXH128.hash(file: "\(folder)/x")))
      let reader = try FileReader("\(folder)/x")
      #expect(try reader.read(UInt16.self, at: 4, count: 2) == [1, 65_535])
      #expect(throws: InputError.self) { try reader.read(UInt16.self, at: 10, count: 2) }
    }
  }

  @Test func whatCannotBeMappedIsRefused() throws {
    try withTemporaryFolder { folder in
      try put([], at: "\(folder)/empty")
      for (name, word) in [("empty", "empty"), ("none", "not exist"), (".", "not a regular file")] {
        let error = #expect(throws: InputError.self) { try MappedFile("\(folder)/\(name)") }
        #expect(error?.reason.contains(word) == true)
      }
    }
  }

  @Test func windowBeyondTheMappedFileTraps() async {
    await #expect(processExitsWith: .failure) {
      guard let file = try? MappedFile("/proc/self/exe") else { return }
      _ = file.element(UInt16.self, at: 1 << 50)
    }
  }
}
