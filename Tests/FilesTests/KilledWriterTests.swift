import Files
import Foundation
import TestSupport
import Testing

/// Every way to write, killed at each of its calls of the system that change something: what is there is old or new, and whole.
@Suite struct KilledWriterTests {
  /// Answers of the file system to an exchange of two names.
  enum System: String, CaseIterable {
    case exchanges
    case knowsNoExchange = "EINVAL"
    case renamesNoFolder = "EXDEV"
  }

  private static let canTrace: Bool = {
    (try? Command(["strace", "-o", "/dev/null", "true"]).run().status) == 0
  }()

  /// The folders of the states that `way` was killed in, or ended in.
  private func states(
    _ way: String, _ system: System, in folder: String
  ) throws -> [String] {
    let answer = system == .exchanges ? "" : "-e inject=renameat2:error=\(system.rawValue)"
    // Two names each: those of x86-64, and those of other processors. strace counts each call by itself.
    var calls = ["?rename,?renameat", "?unlink,?unlinkat", "?rmdir"]
    if system == .exchanges { calls += ["?mkdir,?mkdirat", "renameat2", "write", "fsync"] }
    let script = """
      mkdir 0; "$0" \(way) 0/x old || exit 9
      state=0
      for calls in '\(calls.joined(separator: "' '"))'; do
        n=0; status=1
        while [ $status != 0 ]; do
          n=$((n + 1)); state=$((state + 1)); [ $n -lt 50 ] || exit 8
          cp -r 0 $state
          strace -qq -o /dev/null -e signal=none \(answer) -e inject=$calls:signal=KILL:when=$n "$0" \(way) $state/x new
          status=$?
        done
      done >/dev/null 2>&1
      echo $state
      """
    let outcome = try Command(
      ["sh", "-c", script, try Products.executable("WriterProgram")], folder: folder, limit: 120
    ).run()
    let count = try #require(
      outcome.output.split(separator: "\n").last.flatMap { Int($0) }, "\(outcome)")
    #expect(count > calls.count)
    return (1...count).map { "\(folder)/\($0)" }
  }

  @Test(
    .enabled(if: canTrace, "needs strace, and a system that lets it trace"),
    arguments: System.allCases)
  func aFolderIsWholeWhereverItsWriterIsKilled(system: System) throws {
    try withTemporaryFolder { folder in
      let states = try states("folder", system, in: folder)
      var found: [String] = []
      for state in states {
        // With one step of the system the folder is never away; otherwise the next writer finishes what was begun.
        if system != .exchanges { try FolderCommit.removeLeftovers(in: state) }
        #expect(SumsFile.verify("\(state)/x").isEmpty, "\(state)")
        found.append(try FileReader.text(of: "\(state)/x/a"))
        #expect(try FileReader.text(of: "\(state)/x/b") == found.last)
        try FolderCommit.removeLeftovers(in: state)
        #expect(try FolderCommit.contents(of: state) == ["x"], "\(state)")
      }
      #expect(Set(found) == ["old", "new"] && found.last == "new", "\(found)")
    }
  }

  @Test(.enabled(if: canTrace, "needs strace, and a system that lets it trace"))
  func aFileIsWholeWhereverItsWriterIsKilled() throws {
    try withTemporaryFolder { folder in
      let states = try states("file", .exchanges, in: folder)
      let found = try states.map { try FileReader.text(of: "\($0)/x") }
      #expect(Set(found) == ["old", "new"] && found.last == "new", "\(found)")
      for state in states {
        try FileWriter.replace("\(state)/x", with: "newest")
        #expect(try FolderCommit.contents(of: state) == ["x"], "\(state)")
      }
    }
  }

  /// A full disk, a limit on the size of files: the old one stays, and nothing beside it.
  @Test(arguments: ["file", "folder"])
  func whatCannotBeWrittenLeavesTheOldOne(way: String) throws {
    try withTemporaryFolder { folder in
      let script = """
        "$0" \(way) x old; trap '' XFSZ; ulimit -f 1
        "$0" \(way) x $(head -c 100000 /dev/zero | tr '\\0' y) >/dev/null; echo $?
        """
      let outcome = try Command(
        ["sh", "-c", script, try Products.executable("WriterProgram")], folder: folder
      ).run()
      #expect(outcome.output == "1\n", "\(outcome)")
      let path = way == "file" ? "\(folder)/x" : "\(folder)/x/a"
      #expect(try FileReader.text(of: path) == "old")
      #expect(try FolderCommit.contents(of: folder) == ["x"])
    }
  }
}
