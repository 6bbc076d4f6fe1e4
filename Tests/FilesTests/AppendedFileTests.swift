import Files
import Foundation
import TestSupport
import Testing

@Suite struct AppendedFileTests {
  @Test func linesAreAppendedToWhatIsThere() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/log"
      try put(Array("one\n".utf8), at: path)
      let file = try AppendedFile(path)
      try file.append("two")
      try file.append("three")
      #expect(try text(of: path) == "one\ntwo\nthree\n")
      #expect(file.isInPlace && file.pendingCount == 0)
    }
  }

  @Test func aFileThatWasRemovedIsPutBackWhole() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/deep/log"
      try FileManager.default.createDirectory(
        atPath: "\(folder)/deep", withIntermediateDirectories: false)
      let file = try AppendedFile(path)
      try file.append("one")
      try FileManager.default.removeItem(atPath: "\(folder)/deep")
      #expect(!file.isInPlace)
      try file.append("two")
      #expect(throws: InputError.self) { try file.putBack() }
      try FileManager.default.createDirectory(
        atPath: "\(folder)/deep", withIntermediateDirectories: false)
      try file.putBack()
      try file.append("three")
      #expect(file.isInPlace)
      #expect(try text(of: path) == "one\ntwo\nthree\n")
      // Another file in its place is noticed too.
      try FileManager.default.removeItem(atPath: path)
      try put([1], at: path)
      #expect(!file.isInPlace)
    }
  }

  @Test func onlyWantedLinesAreKeptAndNoTornOne() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/log"
      try put(Array("1\n3\n2\n4\n5".utf8), at: path)
      let file = try AppendedFile(path)
      try file.filter { $0 != "5" }
      #expect(try text(of: path) == "1\n3\n2\n4\n")
      try file.filter { $0 != "3" }
      try file.append("6")
      #expect(try text(of: path) == "1\n2\n4\n6\n")
      #expect(file.isInPlace)
    }
  }

  @Test(.enabled(if: Path.exists("/dev/full"), "there is no /dev/full"))
  func whatTheSystemRefusesIsKeptAndTold() throws {
    // A device that is always full.
    let file = try AppendedFile("/dev/full")
    for count in 1...2 {
      let error = #expect(throws: InputError.self) { try file.append("a line") }
      #expect(
        error?.description.contains("/dev/full: cannot write: the device takes no more bytes")
          == true)
      #expect(file.pendingCount == 7 * count)
    }
  }

  @Test(.enabled(if: FreeSpace.files(at: NSTemporaryDirectory()) != nil, "no inodes are counted"))
  func inodesAreCountedLikeBytes() throws {
    try withTemporaryFolder { folder in
      let free = try #require(FreeSpace.files(at: "\(folder)/not/there/yet"))
      #expect(free > 0)
      let error = #expect(throws: InputError.self) {
        try FreeSpace.require(1, files: Int.max, for: "a file", at: folder)
      }
      #expect(error?.reason.contains("needs \(Int.max) inodes (places for files)") == true)
    }
  }

  @Test func freeSpaceIsThatOfTheNearestFolder() throws {
    try withTemporaryFolder { folder in
      let free = try #require(FreeSpace.bytes(at: folder))
      #expect(free > 0)
      #expect(FreeSpace.bytes(at: "\(folder)/not/there/yet") != nil)
      try FreeSpace.require(1, for: "a file", at: "\(folder)/new")
      let error = #expect(throws: InputError.self) {
        try FreeSpace.require(Int.max, for: "a file", at: "\(folder)/new")
      }
      #expect(error?.path == "\(folder)/new")
      #expect(error?.reason.contains("a file needs \(Int.max) bytes, and only ") == true)
    }
  }
}
