import Testing

@testable import Words

@Suite struct TextFixerTests {
  private func fixed(_ text: String) -> String {
    var fixer = TextFixer()
    return fixer.fix(text)
  }

  @Test func cleanTextIsNotCopied() {
    var fixer = TextFixer()
    for text in [
      "", "\n", "It's a line.\nAnd another\tone.\n", "café — naïve… £5\u{A0}x", "R&D 1 < 2 &; &;x",
    ] {
      #expect(fixer.fix(Array(text.utf8).span) == nil, "\(text)")
    }
  }

  @Test func curlyQuotesAlone() {
    #expect(fixed("“Don’t,” — ‘he’ said…\n‟x‛") == "\"Don't,\" — 'he' said…\n\"x'")
  }

  @Test func entitiesAreKeptFromTheLineOfTheFirstLessSignOn() {
    #expect(fixed("a&amp;b\nc<&amp;\nd&amp;e\n") == "a&b\nc<&amp;\nd&amp;e\n")
    // A sign that an entity stands for is no sign of HTML for the lines after it.
    #expect(fixed("&lt; &amp;amp;\n&amp;\n") == "< &\n&\n")
    var fixer = TextFixer()
    #expect(fixer.fix("<\n") == "<\n")
    #expect(fixer.fix("&amp;\n") == "&amp;\n")
  }

  @Test func mojibake() {
    #expect(fixed("doesnâ€™t cafÃ©") == "doesn't café")
    #expect(fixed("voilÃ le travail") == "voilà le travail")
    #expect(fixed("\u{93}quoted\u{94}") == "\"quoted\"")
  }

  /// ftfy begins a new segment after a million characters, so that a pair that lies across is none.
  @Test func aLineOfMoreThanAMillionCharactersIsRepairedInSegments() {
    let filler = String(repeating: "a", count: 999_998)
    #expect(fixed(filler + "Ã©Ã©") == filler + "éé")
    #expect(fixed(filler + "aÃ©") == filler + "aÃ©")
    #expect(fixed(filler + "aa<&amp;") == filler + "aa<&amp;")
    #expect(fixed("&amp;" + filler + "aa<&amp;") == "&" + filler + "aa<&amp;")
  }

  /// The quick look spares lines the repair; it must not spare one that needs it.
  @Test func theQuickLookMissesNothing() {
    let signs = Array(
      "ab .&;<\n“”‘’—–…éÉèÂÃâ€œŒ™×°²ß½£\u{80}\u{92}\u{A0}\u{AD}\u{2BC}\u{300}ﬁ\u{FEFF}Ａ\rΑй"
        .unicodeScalars)
    var generator = SplitMix(state: 6)
    for _ in 0..<20_000 {
      var text = ""
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        text.unicodeScalars.append(signs[Int.random(in: 0..<signs.count, using: &generator)])
      }
      var decodes = true
      var expected: [UInt32] = []
      for line in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false) {
        if line.contains("<") { decodes = false }
        expected += Segment.fixed(line.map(\.value) + [0x0A], decodesEntities: decodes)
      }
      #expect(
        fixed(text + "\n").unicodeScalars.map(\.value) == expected, "\(text.debugDescription)")
    }
  }
}

/// A generator with a seed (Steele, Lea & Flood 2014, SplitMix64).
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
