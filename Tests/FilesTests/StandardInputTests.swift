import Files
import Foundation
import TestSupport
import Testing

@Suite struct StandardInputTests {
  /// The lines of `bytes`, read as standard input is.
  private func lines(_ bytes: [UInt8]) throws -> [String] {
    try withTemporaryFolder { folder in
      try put(bytes, at: "\(folder)/input")
      let file = try #require(FileHandle(forReadingAtPath: "\(folder)/input"))
      var lines: [String] = []
      try StandardInput.forEachLine(descriptor: file.fileDescriptor) { line, number in
        lines.append(String(decoding: line, as: UTF8.self))
        #expect(number == lines.count)
      }
      return lines
    }
  }

  @Test func linesAreCutAtLineFeeds() throws {
    #expect(try lines([]) == [])
    #expect(try lines(Array("one\r\n\nthrée\n".utf8)) == ["one", "", "thrée"])
    #expect(try lines(Array("no end".utf8)) == ["no end"])
    // Longer than what is read at once.
    let long = (0..<3).map { String(repeating: "é\($0)", count: 50_001) }
    #expect(try lines(Array(long.joined(separator: "\n").utf8)) == long)
  }
}
