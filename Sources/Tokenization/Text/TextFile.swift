import Files

/// The use of a text, which determines the formats that are accepted.
public enum TextUse: Sendable {
  /// Running text, which is encoded as a whole.
  case prose
  /// JSON objects, one per line, of which one field is encoded.
  case jsonLines
  /// A format that is parsed: a table, JSON, YAML, a vocabulary.
  case format
}

/// Opens text files for all readers of this program, so that files which are not UTF-8 text are refused with the same messages everywhere.
public enum TextFile {
  /// Calls `body` with the bytes of the file at `path`, which are valid UTF-8, without a byte-order mark.
  ///
  /// - Parameters:
  ///   - use: the use of the text
  ///   - tell: called with notes about a text that is read nevertheless
  ///   - damaged: if given, single lines that are not UTF-8 are blank to `body` and recorded there
  /// - Throws: if the file cannot be read, is empty, or is not UTF-8 text; the error names the format, if it is known, and gives advice
  package static func withBytes<Result>(
    of path: String, for use: TextUse = .format, tell: (String) -> Void = { _ in },
    damaged: DamagedLines? = nil,
    _ body: (Span<UInt8>) throws(InputError) -> Result
  ) throws(InputError) -> Result {
    func read(_ bytes: Span<UInt8>) throws(InputError) -> Result {
      if let rest = damaged?.leftOut(of: bytes, path: path) { return try readWhole(rest.span) }
      return try readWhole(bytes)
    }
    func readWhole(_ bytes: Span<UInt8>) throws(InputError) -> Result {
      let (mark, note) = try check(bytes, for: use, path: path)
      if let note { tell("\(path): \(note)") }
      return try body(bytes.extracting(mark...))
    }
    if let file = try MappedFile.ifRegular(path) {
      return try file.withElements(of: UInt8.self, count: file.count, read)
    }
    let reader = try FileReader(reading: path)
    let bytes = try reader.read(UInt8.self, at: 0, count: reader.size)
    guard !bytes.isEmpty else {
      throw InputError("is empty; check where the file comes from", path: path)
    }
    return try read(bytes.span)
  }

  /// The bytes of the file at `path`; otherwise like `withBytes`.
  public static func bytes(of path: String, for use: TextUse = .format) throws(InputError)
    -> [UInt8]
  {
    try withBytes(of: path, for: use) { $0.array() }
  }

  /// The text of the file at `path`; otherwise like `withBytes`.
  public static func text(
    of path: String, for use: TextUse = .format, tell: (String) -> Void = { _ in }
  ) throws(InputError) -> String {
    try withBytes(of: path, for: use, tell: tell) { $0.string(0..<$0.count) }
  }

  /// Refuses bytes of `path` that are not UTF-8 text.
  ///
  /// - Returns: the length of the byte-order mark at the beginning, and a note for the user
  static func check(
    _ bytes: Span<UInt8>, for use: TextUse, path: String
  ) throws(InputError) -> (mark: Int, note: String?) {
    let kind = ContentKind.of(bytes, isWhole: true)
    if let refusal = kind.refusal(for: use, path: path, bytes: bytes) { throw refusal }
    if let refusal = encodingError(in: bytes, path: path) { throw refusal }
    let counts = ControlCounts(of: bytes)
    if counts.isMany { throw InputError(counts.refusal, path: path) }
    let notes =
      (kind.note(for: use).map { [$0] } ?? [])
      + (counts.isEmpty ? [] : ["has \(counts.description) in its text"])
    return (bytes.utf8MarkLength, notes.isEmpty ? nil : notes.joined(separator: "; "))
  }

  /// The error for text that is not valid UTF-8, or nil: the probable encoding, and the line and byte of the first invalid place.
  ///
  /// - Parameters:
  ///   - offset: the offset of `bytes` in the file
  ///   - firstLine: the line in which `bytes` begin
  ///   - unit: the thing in which the offset is counted, if it is not the file
  ///   - before: earlier bytes of the same text, which are used to guess the encoding
  package static func encodingError(
    in bytes: Span<UInt8>, path: String, offset: Int = 0, firstLine: Int = 1, unit: String = "file",
    before: [UInt8] = []
  ) -> InputError? {
    guard let index = bytes.firstInvalidUTF8() else { return nil }
    let sample = before + bytes.array()
    let encoding = TextEncoding.of(sample.span)
    let byte = String(bytes[index], radix: 16, uppercase: true)
    return InputError(
      "is not UTF-8 but \(encoding.name); \(encoding.advice) (byte \(offset + index) of the \(unit) is 0x\(byte))",
      path: path, line: firstLine + bytes.lines(before: index))
  }
}

extension ContentKind {
  /// The error for a file of this kind, or nil if it is read.
  package func refusal(for use: TextUse, path: String, bytes: Span<UInt8>) -> InputError? {
    func wrong(_ reason: String, line: Int? = nil) -> InputError {
      InputError(reason, path: path, line: line)
    }
    switch self {
    case .text, .xml: return nil
    case .jsonLines:
      guard use == .prose else { return nil }
      // For standard input there is no option that names a field.
      let way =
        path == StandardInput.path
        ? "extract the text first, as with `jq -r .text`"
        : "name the field that holds the text, as --field text"
      return wrong("looks like JSON Lines (one object per line), not like plain text: \(way)")
    case .json:
      switch use {
      case .format: return nil
      case .prose, .jsonLines:
        return wrong(
          "looks like one JSON text, not like "
            + (use == .prose ? "plain text" : "JSON Lines, one object per line")
            + ": write one object per line (for example with `jq -c '.[]'`) and name the field that holds the text, "
            + "as --field text")
      }
    case .html:
      guard use == .format else { return nil }
      return wrong(
        "is an HTML page, perhaps an error page of the web site: download the file itself")
    case .gitLFSPointer:
      return wrong(
        "is a git-lfs pointer, not the file itself: fetch the file with `git lfs pull`")
    case .known(let what, let advice): return wrong("is \(what), not text: \(advice)")
    case .encoded(let encoding):
      // For a code page, the error names the place.
      return TextFile.wideOnly(encoding, bytes, path: path)
    case .binary:
      return wrong(ControlCounts(of: bytes).refusal)
    }
  }

  /// A note about a file of this kind that is read, or nil.
  package func note(for use: TextUse) -> String? {
    guard use == .prose, let name = markup else { return nil }
    return "is \(name): its tags are read as text; if that is not intended, remove them first"
  }

  /// The name of a text with tags; nil for others.
  var markup: String? {
    switch self {
    case .html: "an HTML page"
    case .xml: "an XML document"
    default: nil
    }
  }
}

extension TextFile {
  fileprivate static func wideOnly(
    _ encoding: TextEncoding, _ bytes: Span<UInt8>, path: String
  ) -> InputError? {
    guard encoding.isWide else { return encodingError(in: bytes, path: path) }
    return InputError(
      "is not UTF-8 but \(encoding.name); \(encoding.advice)", path: path, line: 1)
  }
}

extension Span<UInt8> {
  /// The length of the byte-order mark at the beginning: 3 or 0.
  package var utf8MarkLength: Int {
    count >= 3 && self[0] == 0xEF && self[1] == 0xBB && self[2] == 0xBF ? 3 : 0
  }

  /// The number of line feeds before `index`.
  package func lines(before index: Int) -> Int {
    var lines = 0
    for place in 0..<index where self[place] == UInt8(ascii: "\n") { lines += 1 }
    return lines
  }

  /// The first index of `byte` in `range`, or nil.
  package func first(_ byte: UInt8, in range: Range<Int>) -> Int? {
    for place in range where self[place] == byte { return place }
    return nil
  }

  /// The text in `range` of bytes that are known to be UTF-8; the range must not split a character.
  package func string(_ range: Range<Int>) -> String {
    do {
      return String(copying: try UTF8Span(validating: extracting(range)))
    } catch {
      preconditionFailure("text that was checked before")
    }
  }
}
