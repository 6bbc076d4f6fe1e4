import Foundation
import TestSupport
import Testing

/// A module that has more lines than this becomes two.
private let mostLinesOfAModule = 4_500

private let mostBytesOfAFile = 1_000_000

/// The modules among `files` with more lines than they may have.
private func modulesTooLarge(_ files: [SourceFile]) -> [String] {
  Dictionary(grouping: files, by: \.module).filter { _, files in
    files.reduce(0) { $0 + $1.lines.count } > mostLinesOfAModule
  }.keys.sorted()
}

@Suite struct SizeTests {
  @Test func noModuleIsTooLarge() throws {
    let files = try Repository.swiftFiles(below: "Sources")
    #expect(Set(files.map(\.module)).count > 5)
    #expect(modulesTooLarge(files) == [])
  }

  @Test func aModuleTooLargeIsFound() {
    let half = String(repeating: "f()\n", count: 2_249)
    let files = ["A", "B"].map { SourceFile(path: "Sources/Model/\($0).swift", text: half) }
    #expect(modulesTooLarge(files) == [])
    let third = SourceFile(path: "Sources/Model/C/C.swift", text: "f()\n")
    #expect(modulesTooLarge(files + [third]) == ["Model"])
  }

  @Test(.enabled(if: Repository.exists(".git"), "this is no checkout of git"))
  func noFileInGitIsLargerThanAMegabyte() throws {
    let listed = try Command(["git", "ls-files", "-z"], folder: Repository.path).run()
    try #require(listed.status == 0, "\(listed.errors)")
    let paths = listed.output.split(separator: "\0").map(String.init)
    #expect(paths.count > 100)
    for path in paths where Repository.exists(path) {
      let size = try FileManager.default.attributesOfItem(atPath: Repository.url(path).path)[.size]
      #expect(try #require(size as? Int) <= mostBytesOfAFile, "\(path)")
    }
  }
}
