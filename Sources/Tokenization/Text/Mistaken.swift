import Files

extension ContentKind {
  /// What stands in the place of a binary file of this program's: what the bytes are, and how to get the file itself; nil where they may
  /// be the file, damaged perhaps.
  ///
  /// - Parameters:
  ///   - beginning: of the file
  ///   - isWhole: whether the file ends there
  ///   - expected: what it should be, with its article: `a safetensors file`
  package static func mistaken(
    _ beginning: Span<UInt8>, isWhole: Bool, for expected: String
  ) -> String? {
    guard beginning.count > 0 else { return nil }
    let kind = of(beginning, isWhole: isWhole)
    switch kind {
    case .gitLFSPointer:
      return "is a git-lfs pointer, not the file itself: fetch that with `git lfs pull`"
    case .html, .xml:
      return
        "is \(kind.markup ?? ""), a message of a web site perhaps, not \(expected): download the file itself"
    case .text, .json, .jsonLines:
      // A file of this program's that was cut within its first bytes has zeros.
      guard beginning.first(0, in: 0..<beginning.count) == nil else { return nil }
      let lineFeed = beginning.first(UInt8(ascii: "\n"), in: 0..<beginning.count)
      let line = beginning.extracting(0..<min(lineFeed ?? beginning.count, 200)).array()
      let shown =
        line.isEmpty ? "" : " that begins with \(String(decoding: line, as: UTF8.self).reported())"
      return "is text\(shown), not \(expected): get the file itself"
    case .known(let what, let advice):
      guard what != expected else { return nil }
      let way = advice.hasPrefix("unpack") ? advice : "get the file itself"
      return "is \(what), not \(expected): \(way)"
    case .encoded, .binary: return nil
    }
  }

  /// The same of the file at `path`; nil also where it cannot be read.
  package static func mistaken(at path: String, for expected: String) -> String? {
    guard let reader = try? FileReader(path),
      let bytes = try? reader.read(UInt8.self, at: 0, count: min(reader.size, beginning))
    else { return nil }
    return mistaken(bytes.span, isWhole: bytes.count == reader.size, for: expected)
  }
}
