import Testing

@testable import Words

@Suite struct RuleTests {
  private func words(_ text: String, _ edition: WordRules.Edition) -> String {
    WordRules(edition).words(of: text).joined(separator: " ")
  }

  @Test func theEditionsDiffer() {
    for (text, old, current) in [
      ("``", "``", "` `"), ("``x", "`` x", "` ` x"), ("''x", "' ' x", "'' x"),
      ("x''", "x ''", "x ''"),
      ("May.", "may.", "may ."), ("c'mon", "c'mon", "c'm on"), ("this'll", "this'll", "this 'll"),
      ("Prof.", "prof .", "prof."), ("y.com's", "y.com's", "y.com 's"),
    ] {
      #expect(words(text, .year2018) == old, "\(text)")
      #expect(words(text, .current) == current, "\(text)")
    }
  }

  @Test func classesOfCharacters() {
    let some = CharacterClass("41-43 61 100-106:2 200", "102-103")
    #expect(
      some.members == [0x41, 0x42, 0x43, 0x61, 0x100, 0x102, 0x104, 0x106, 0x200, 0x102, 0x103])
    for member in some.members { #expect(some.contains(member)) }
    for other: UInt32 in [0, 0x40, 0x44, 0x60, 0x62, 0xFF, 0x101, 0x105, 0x107, 0x1FF, 0x201] {
      #expect(!some.contains(other))
    }
  }

  @Test func editionsHaveTheirLetters() {
    let (old, current) = (RuleSet(.year2018), RuleSet(.current))
    for rules in [old, current] {
      #expect("aéżя".unicodeScalars.allSatisfy { rules.lower.contains($0.value) })
      #expect("AÉŻЯ".unicodeScalars.allSatisfy { rules.upper.contains($0.value) })
      #expect(!rules.alpha.contains(UInt32(ascii: "1")))
      #expect(rules.icons.contains(0x2603))
    }
    #expect(!old.alpha.contains(0x3B1) && current.alpha.contains(0x3B1))
    #expect(old.exceptions[Array("c'mon".unicodeScalars.map(\.value))] == nil)
    #expect(current.exceptions[Array("c’mon".unicodeScalars.map(\.value))] == [3, 2])
  }

  @Test func webAddresses() {
    func isAddress(_ text: String, _ edition: WordRules.Edition) -> Bool {
      WebAddress.matches(text.unicodeScalars.map(\.value)[...], by: RuleSet(edition))
    }
    for (text, old, current) in [
      ("foo.com", true, true), ("www.Foo.com", false, true), ("yes.but's", true, false),
      ("e.g.", false, false), ("a.b", false, false), ("http://a.io/x?y", true, true),
      ("user@mail.org", true, true), ("a@b.c", false, false), ("foo.com:80", true, true),
      ("8.8.8.8", true, true), ("192.168.1.1", false, false), ("8.8.8.8x", true, false),
      ("256.1.1.1", false, false), ("", false, false), ("xx://a.de", false, true),
      ("-foo.com", false, false), ("foo-.com", false, false), ("foo.com.", false, false),
    ] {
      #expect(isAddress(text, .year2018) == old, "\(text)")
      #expect(isAddress(text, .current) == current, "\(text)")
    }
  }

  @Test func lowerCaseIsThatOfPython() {
    func lower(_ text: String) -> String {
      String(decoding: LowerCase.utf8(text.unicodeScalars.map(\.value)[...]), as: UTF8.self)
    }
    for (text, expected) in [
      ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"), ("Σ", "σ"), ("ΑΣ-Α", "ας-α"), ("ΑΣ.Α", "ασ.α"), ("İ", "i\u{307}"),
      ("ÀÉ", "àé"), ("ẞ", "ß"),
    ] {
      #expect(Array(lower(text).utf8) == Array(expected.utf8), "\(text)")
    }
  }

  /// A chunk as long as a file must not take time that grows with its square.
  @Test(.timeLimit(.minutes(1)), arguments: WordRules.Edition.allCases)
  func longChunksTakeLinearTime(_ edition: WordRules.Edition) {
    let rules = WordRules(edition)
    for unit in [
      "a", "'", "`", "''a", ".", "..a", "a.", "#", "a=", "a:b@", "1.", "é", "&", ">:", "x.y@",
    ] {
      let text = String(repeating: unit, count: 20_000 / unit.utf8.count)
      #expect(rules.words(of: text).joined().utf8.count >= 19_990)
    }
  }
}
