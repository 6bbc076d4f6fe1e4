import Files
import Foundation
import TestSupport
import Testing

@Suite struct FolderTests {
  struct Interrupted: Error {}

  @Test func folderAppearsWhole() throws {
    try withTemporaryFolder { parent in
      try FolderCommit.commit("\(parent)/deep/a/") { partial in
        #expect(!FileManager.default.fileExists(atPath: "\(parent)/deep/a"))
        try put([1], at: "\(partial)/x")
      }
      #expect(try names(in: "\(parent)/deep") == ["a"])
      #expect(try names(in: "\(parent)/deep/a") == ["x"])
    }
  }

  @Test func failureLeavesNothingAndTheOldFolder() throws {
    try withTemporaryFolder { parent in
      try FolderCommit.commit("\(parent)/a") { try put([1], at: "\($0)/old") }
      #expect(throws: Interrupted.self) {
        try FolderCommit.commit("\(parent)/a", existing: .replaced) { partial in
          try put([1], at: "\(partial)/new")
          throw Interrupted()
        }
      }
      #expect(try names(in: parent) == ["a"])
      #expect(try names(in: "\(parent)/a") == ["old"])
    }
  }

  @Test func existingIsRefusedOrReplaced() throws {
    try withTemporaryFolder { parent in
      try FolderCommit.commit("\(parent)/a") { try put([1], at: "\($0)/old") }
      #expect(throws: InputError.self) { try FolderCommit.commit("\(parent)/a") { _ in } }
      try FolderCommit.commit("\(parent)/a", existing: .replaced) { try put([1], at: "\($0)/new") }
      #expect(try names(in: parent) == ["a"])
      #expect(try names(in: "\(parent)/a") == ["new"])
    }
  }

  @Test func fileInPlaceOfAFolderIsNamed() throws {
    try withTemporaryFolder { parent in
      try put([1], at: "\(parent)/file")
      let error = #expect(throws: InputError.self) {
        try FolderCommit.commit("\(parent)/file/a") { _ in }
      }
      #expect(error?.path == "\(parent)/file")
      #expect(error?.reason.contains("a file, not a folder") == true, "\(error as Any)")
    }
  }

  @Test func leftoversOfAKilledProcessGoAndAReplacedFolderComesBack() throws {
    try withTemporaryFolder { parent in
      for name in [".a.partial-1", ".b.partial-2", ".c.replaced", ".d.replaced", "d", ".other"] {
        try FileManager.default.createDirectory(
          atPath: "\(parent)/\(name)", withIntermediateDirectories: false)
      }
      try FolderCommit.commit("\(parent)/a") { _ in }
      #expect(
        try names(in: parent) == [".b.partial-2", ".c.replaced", ".d.replaced", ".other", "a", "d"])
      try FolderCommit.removeLeftovers(in: parent)
      #expect(try names(in: parent) == [".other", "a", "c", "d"])
      #expect(FolderCommit.remove("\(parent)/a"))
      #expect(try names(in: parent) == [".other", "c", "d"])
    }
  }

  @Test func aLockIsWaitedForAndIsThatOfTheFileThatIsThere() throws {
    try withTemporaryFolder { folder in
      var first: FolderLock? = try FolderLock(folder)
      var calls = 0
      let second = try FolderLock(folder, patience: 30) {
        calls += 1
        // Somebody removes the file, and makes it anew, while it is waited for.
        try? FileManager.default.removeItem(atPath: "\(folder)/.lock")
        first = nil
      }
      #expect(first == nil && calls == 1 && second.isInPlace)
      #expect(throws: InputError.self) { _ = try FolderLock(folder) }
    }
  }

  @Test func aFolderIsLockedByOneAtATime() throws {
    try withTemporaryFolder { folder in
      let first = try FolderLock(folder)
      withExtendedLifetime(first) {
        let error = #expect(throws: InputError.self) { _ = try FolderLock(folder) }
        #expect(error?.path == folder)
        #expect(error?.reason.hasPrefix("another run is using this folder") == true)
      }
    }
    try withTemporaryFolder { folder in
      do { _ = try FolderLock(folder) }
      _ = try FolderLock(folder)
      #expect(try names(in: folder) == [".lock"])
      #expect(throws: InputError.self) { _ = try FolderLock("\(folder)/none") }
    }
  }

  @Test(.enabled(if: Command.isInstalled("xxhsum"), "xxhsum is not installed: cluster/setup"))
  func sumsAreVerifiedByXxhsumToo() throws {
    try withTemporaryFolder { folder in
      try put(pattern(1000), at: "\(folder)/model.bin")
      try put([], at: "\(folder)/a b")
      try SumsFile.write(in: folder)
      #expect(SumsFile.verify(folder).isEmpty)
      let found = try Command(
        ["xxhsum", "--strict", "--warn", "-c", SumsFile.name], folder: folder
      ).run()
      let text = found.output + found.errors
      #expect(found.status == 0 && text.contains("model.bin: OK") && !text.contains("improper"))
    }
  }

  @Test func damageIsNamed() throws {
    try withTemporaryFolder { folder in
      for name in ["a", "b", "c", "d", "e"] { try put(pattern(1000), at: "\(folder)/\(name)") }
      try SumsFile.write(
        in: folder, known: ["e": FileDigest(hash: String(repeating: "0", count: 32), size: 1000)])
      try FileManager.default.removeItem(atPath: "\(folder)/a")
      try put(pattern(999), at: "\(folder)/b")
      var flipped = pattern(1000)
      flipped[500] ^= 0x10
      try put(flipped, at: "\(folder)/c")
      let problems = SumsFile.verify(folder)
      #expect(problems.map(\.path) == ["a", "b", "c", "e"].map { "\(folder)/\($0)" })
      #expect(problems.count == 4)
      for (problem, word) in zip(problems, ["missing", "truncated: 999 of 1000", "differs"]) {
        #expect(problem.reason.contains(word))
      }
    }
  }

  /// Every bit of the sums and sizes counts, and so does every cut.
  @Test func damageToTheSumsThemselvesIsFound() throws {
    try withTemporaryFolder { folder in
      for name in ["a", "b"] { try put(pattern(10), at: "\(folder)/\(name)") }
      try SumsFile.write(in: folder)
      for name in [SumsFile.name, SumsFile.sizesName] {
        let good = try bytes(of: "\(folder)/\(name)")
        for bit in 0..<good.count * 8 {
          var bad = good
          bad[bit / 8] ^= 1 << (bit % 8)
          try put(bad, at: "\(folder)/\(name)")
          #expect(!SumsFile.verify(folder).isEmpty, "bit \(bit) of \(name)")
        }
        for count in good.indices {
          try put(Array(good[..<count]), at: "\(folder)/\(name)")
          #expect(!SumsFile.verify(folder).isEmpty, "\(count) bytes of \(name)")
        }
        try put(good, at: "\(folder)/\(name)")
        #expect(SumsFile.verify(folder).isEmpty)
      }
    }
  }
}
