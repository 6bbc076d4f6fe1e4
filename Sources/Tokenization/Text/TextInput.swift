import Files

/// Standard input as text.
public enum TextInput {
  /// Calls `body` with each line as soon as it arrives, without its end, and with its number from 1.
  ///
  /// - Parameters:
  ///   - descriptor: the file descriptor to read; 0 is standard input
  ///   - use: the use of the text
  ///   - tell: called with notes about a text that is read nevertheless
  /// - Throws: if the bytes are not UTF-8 text; the error names the format, if it is known, and gives advice
  public static func forEachLine(
    descriptor: Int32 = 0, for use: TextUse = .format, tell: (String) -> Void = { _ in },
    _ body: (_ line: String, _ number: Int) throws -> Void
  ) throws {
    var counts = ControlCounts()
    var beginning: [UInt8] = []
    func refuseIfMany() throws {
      if counts.isMany { throw InputError(counts.refusal, path: StandardInput.path) }
    }
    try StandardInput.forEachLine(descriptor: descriptor) { bytes in
      let span = bytes.span
      beginning = Array(bytes.dropLast(span.cutCharacterLength))
      let kind = ContentKind.of(span, isWhole: false)
      if let refusal = kind.refusal(for: use, path: StandardInput.path, bytes: span) {
        throw refusal
      }
      if let note = kind.note(for: use) { tell("\(StandardInput.path): \(note)") }
    } _: { line, number in
      if let error = TextFile.encodingError(
        in: line.span, path: StandardInput.path, firstLine: number, unit: "line",
        before: beginning)
      {
        throw error
      }
      counts.add(ControlCounts(of: line.span))
      if counts.bytes > 1 << 16 { try refuseIfMany() }
      let start = number == 1 ? line.span.utf8MarkLength : 0
      try body(line.span.string(start..<line.count), number)
    }
    try refuseIfMany()
    if !counts.isEmpty { tell("\(StandardInput.path): has \(counts.description) in its text") }
  }
}
