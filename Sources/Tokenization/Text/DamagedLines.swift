import Files

/// Collects single lines of a text that are not UTF-8.
package final class DamagedLines {
  /// One error for each such line, with its number.
  package private(set) var errors: [InputError] = []

  /// Creates an empty collection.
  package init() {}

  /// Returns the text with such lines blanked, and records them. Nil if there are none, or if they are not the exception, because the text
  /// then has another encoding.
  package func leftOut(of bytes: Span<UInt8>, path: String) -> [UInt8]? {
    guard bytes.firstInvalidUTF8() != nil else { return nil }
    if case .encoded(let encoding) = ContentKind.of(bytes, isWhole: true), encoding.isWide {
      return nil
    }
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    var (errors, lines, start, number) = ([InputError](), 0, 0, 0)
    while start < bytes.count {
      let end = bytes.first(UInt8(ascii: "\n"), in: start..<bytes.count) ?? bytes.count
      number += 1
      lines += end > start ? 1 : 0
      let line = bytes.extracting(start..<end)
      if let place = line.firstInvalidUTF8() {
        let byte = String(line[place], radix: 16, uppercase: true)
        errors.append(
          InputError(
            "is not UTF-8: byte \(place) of the line is 0x\(byte)", path: path, line: number))
      } else {
        text += line.array()
      }
      if end < bytes.count { text.append(UInt8(ascii: "\n")) }
      start = end + 1
    }
    guard errors.count * 2 < lines else { return nil }
    self.errors = errors
    return text
  }
}
