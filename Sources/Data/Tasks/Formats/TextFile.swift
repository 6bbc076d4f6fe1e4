import Files

/// A text file whole, known to be UTF-8.
enum TextFile {
  /// Calls `body` with the bytes of the file at `path`, after a byte-order mark.
  ///
  /// - Throws: where it cannot be read, is empty, or is in another encoding, which is named as far as its bytes tell
  static func withBytes<Result>(
    of path: String, _ body: (Span<UInt8>) throws(InputError) -> Result
  ) throws(InputError) -> Result {
    let file = try MappedFile(path)
    let mark = file.withElements(of: UInt8.self, count: min(3, file.count)) {
      $0.array() == [0xEF, 0xBB, 0xBF] ? 3 : 0
    }
    return try file.withElements(of: UInt8.self, at: mark, count: file.count - mark) {
      (bytes) throws(InputError) -> Result in
      if let encoding = foreignEncoding(of: bytes) {
        throw InputError(
          "is not UTF-8 but \(encoding.name), by its looks; convert it with "
            + "`iconv -f \(encoding.iconv) -t UTF-8`", path: path, line: encoding.line)
      }
      return try body(bytes)
    }
  }

  private static func foreignEncoding(
    of bytes: Span<UInt8>
  ) -> (name: String, iconv: String, line: Int)? {
    let beginning = bytes.extracting(0..<min(bytes.count, 1000)).array()
    // Western text in UTF-16 is every other byte zero; UTF-8 text has none.
    if beginning.starts(with: [0xFF, 0xFE]) || beginning.starts(with: [0xFE, 0xFF])
      || beginning.count(where: { $0 == 0 }) * 3 > beginning.count
    {
      return ("UTF-16", "UTF-16", 1)
    }
    guard let index = bytes.firstInvalidUTF8() else { return nil }
    var line = 1
    for place in 0..<index where bytes[place] == UInt8(ascii: "\n") { line += 1 }
    // Windows puts typographic quotes and dashes where Latin-1 has control characters that no text uses.
    for place in bytes.indices where 0x80...0x9F ~= bytes[place] {
      return ("Windows-1252", "CP1252", line)
    }
    return ("Latin-1", "LATIN1", line)
  }
}

extension Span<UInt8> {
  /// Where `byte` is first in `range`, or nil.
  func first(_ byte: UInt8, in range: Range<Int>) -> Int? {
    for place in range where self[place] == byte { return place }
    return nil
  }

  /// The text in `range` of bytes that are known to be UTF-8, cut at whole characters.
  func string(_ range: Range<Int>) -> String {
    do {
      return String(copying: try UTF8Span(validating: extracting(range)))
    } catch {
      preconditionFailure("text that was checked before")
    }
  }
}
