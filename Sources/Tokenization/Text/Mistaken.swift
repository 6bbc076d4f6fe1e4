import Files

extension ContentKind {
  /// Describes text or another file in the place of a binary file of this program, with advice; nil if the bytes may be the expected file,
  /// even if damaged.
  ///
  /// - Parameters:
  ///   - beginning: the beginning of the file
  ///   - isWhole: true if the file ends there
  ///   - expected: the expected file, with its article: `a safetensors file`
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
        "is \(kind.markup ?? ""), perhaps an error page of the web site, not \(expected): download the file itself"
    case .text, .json, .jsonLines:
      // A binary file of this program contains zeros in its first bytes, even if it was cut there.
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

  /// The same for the file at `path`; nil also if it cannot be read.
  package static func mistaken(at path: String, for expected: String) -> String? {
    guard let reader = try? FileReader(path),
      let bytes = try? reader.read(UInt8.self, at: 0, count: min(reader.size, beginning))
    else { return nil }
    return mistaken(bytes.span, isWhole: bytes.count == reader.size, for: expected)
  }
}
