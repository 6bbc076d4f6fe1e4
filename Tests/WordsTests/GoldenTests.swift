import Foundation
import Testing
import Words

/// A text with the words that ftfy, OpenAI's standardisation and spaCy give (make_fixtures.py).
struct GoldenCase {
  var text: String
  var standard: String
  var words: [WordRules.Edition: [String]]
}

/// A file beside these tests.
private func lines(_ name: String) throws -> [Data] {
  let url = try #require(
    Bundle.module.url(forResource: name, withExtension: "jsonl", subdirectory: "Fixtures"))
  return try Data(contentsOf: url).split(separator: UInt8(ascii: "\n")).map { Data($0) }
}

func goldenCases() throws -> [GoldenCase] {
  struct Expected: Decodable {
    var standard: String
    var current: [String]
    var old: [String]?

    enum CodingKeys: String, CodingKey {
      case standard, current
      case old = "2018"
    }
  }
  let decoder = JSONDecoder()
  return try zip(lines("texts"), lines("words")).map { text, expected in
    let expected = try decoder.decode(Expected.self, from: expected)
    return GoldenCase(
      text: try decoder.decode(String.self, from: text), standard: expected.standard,
      words: [.current: expected.current, .year2018: expected.old ?? expected.current])
  }
}

/// Words are compared as bytes: == of strings would take equivalent characters for equal.
private func bytes(_ words: [String]) -> [[UInt8]] { words.map { Array($0.utf8) } }

@Suite struct GoldenTests {
  @Test func repairsAndStandardisationAreThoseOfFtfyAndOpenAI() throws {
    let cases = try goldenCases()
    #expect(cases.count >= 400)
    for item in cases {
      let found = StandardText.of(Array(item.text.utf8).span)
      #expect(
        found == Array(item.standard.utf8),
        "\(item.text.debugDescription): \(String(decoding: found, as: UTF8.self))")
    }
  }

  @Test(arguments: WordRules.Edition.allCases)
  func wordsAreThoseOfSpaCy(_ edition: WordRules.Edition) throws {
    let rules = WordRules(edition)
    for item in try goldenCases() {
      let (found, expected) = (rules.words(of: item.text), try #require(item.words[edition]))
      #expect(bytes(found) == bytes(expected), "\(item.text.debugDescription)")
    }
  }

  /// A rule that cuts or joins in the wrong place must not lose text either.
  @Test(arguments: WordRules.Edition.allCases)
  func wordsOfAChunkAreItsPartsInOrder(_ edition: WordRules.Edition) throws {
    let rules = WordRules(edition)
    for item in try goldenCases() {
      let text = Array(item.standard.utf8)
      let spaces: Set<Character> = [" ", "\n"]
      let joined = rules.words(of: item.text).joined().filter { !spaces.contains($0) }
      var chunks = ""
      StandardText.forEachChunk(of: text.span) {
        chunks += String(decoding: text[$0], as: UTF8.self)
      }
      // Σ may become ς or σ.
      func folded(_ text: String) -> String {
        text.filter { !spaces.contains($0) }.lowercased().replacing("ς", with: "σ")
      }
      #expect(folded(joined) == folded(chunks), "\(item.text.debugDescription)")
    }
  }
}
