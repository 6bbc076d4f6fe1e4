import Files
import Foundation
import Testing

@Suite struct StandardInputTests {
  /// The lines of `bytes`, read as standard input is.
  private func lines(_ bytes: [UInt8]) throws -> [String] {
    try withTemporaryFolder { folder in
      try put(bytes, at: "\(folder)/input")
      let file = try #require(FileHandle(forReadingAtPath: "\(folder)/input"))
      var lines: [String] = []
      try StandardInput.forEachLine(descriptor: file.fileDescriptor) { line, number in
        lines.append(line)
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

  @Test(arguments: [[0xFF], [0x61, 0xE9], [0xED, 0xA0, 0x80], [0xC3]] as [[UInt8]])
  func invalidTextIsRefusedByLine(bytes: [UInt8]) throws {
    for end in [[], [0x0A], [0x0A, 0x61]] as [[UInt8]] {
      let error = #expect(throws: InputError.self) { try lines("good\n\n".utf8 + bytes + end) }
      #expect(error?.path == "standard input" && error?.line == 3)
      #expect(error?.reason.contains("not valid UTF-8") == true)
    }
  }
}
