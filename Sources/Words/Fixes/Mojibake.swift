/// UTF-8 that was read in another encoding: `fix_encoding` of ftfy/__init__.py.
enum Mojibake {
  /// Undoes wrong readings until nothing changes any more.
  static func fixed(_ text: [UInt32]) -> [UInt32] {
    var text = text
    while true {
      let before = text
      text = step(text)
      if text == before { return text }
    }
  }

  private static func step(_ text: [UInt32]) -> [UInt32] {
    guard Badness.isBad(text) else { return text }
    for encoding in Encodings.all {
      guard var bytes = encoding.encoded(text) else { continue }
      if encoding.mayRestoreSpaces, let restored = LooseUTF8.withSpacesRestored(bytes) {
        bytes = restored
      }
      if encoding.isSloppy { bytes = LooseUTF8.withLossesReplaced(bytes) }
      if let decoded = LooseUTF8.decoded(bytes) { return decoded }
    }
    let inconsistent = fixedInPlaces(text)
    if inconsistent != text { return inconsistent }
    // Of Windows-1252, only characters C1 are left in text that can be Latin-1. Either all of them are assigned or they are replaced
    // one by one; the result is the same but for bytes without a character, which stay.
    return text.map { 0x80...0x9F ~= $0 ? Encodings.windows1252.characters[Int($0)] : $0 }
  }

  /// decode_inconsistent_utf8: repairs the sequences that look like UTF-8 one by one.
  private static func fixedInPlaces(_ text: [UInt32]) -> [UInt32] {
    var output: [UInt32] = []
    var index = 0
    while index < text.count {
      let isContinued = index > 0 && Clues.strictContinuation.contains(text[index - 1])
      let end = isContinued ? index : Clues.end(of: text, from: index)
      guard end > index else {
        output.append(text[index])
        index += 1
        continue
      }
      let found = Array(text[index..<end])
      output += found.count < text.count && Badness.isBad(found) ? fixed(found) : found
      index = end
    }
    return output
  }

  /// The characters that UTF-8's bytes become in other encodings (UTF8_DETECTOR_RE).
  private enum Clues {
    static let first = [
      CharacterClass(MojibakeTable.utf8FirstOf2), CharacterClass(MojibakeTable.utf8FirstOf3),
      CharacterClass(MojibakeTable.utf8FirstOf4),
    ]
    static let continuation = CharacterClass(MojibakeTable.utf8Continuation)
    static let strictContinuation = CharacterClass(MojibakeTable.utf8ContinuationStrict)

    /// The end of the sequences that begin at `start`; `start` if there is none.
    static func end(of text: [UInt32], from start: Int) -> Int {
      var end = start
      while end < text.count, text[end] >= 0x80, let next = sequence(text, end) { end = next }
      return end
    }

    private static func sequence(_ text: [UInt32], _ start: Int) -> Int? {
      for (place, first) in first.enumerated() where first.contains(text[start]) {
        let rest = text[(start + 1)...].prefix(place + 1)
        if rest.count == place + 1, rest.allSatisfy(continuation.contains) { return rest.endIndex }
      }
      return nil
    }
  }
}
