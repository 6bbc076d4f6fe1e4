import Console
import Data
import TestSupport
import Testing
import Tokenization

@Suite struct UnknownTokenTests {
  @Test func unknownCharactersAreCountedAndNamed() {
    let tokenizer = Tokenizer.learn(merges: 10, from: "the cat sat on the mat the end")
    var unknown = UnknownTokens()
    let ids = tokenizer.encode("the cat мам z\nмат \u{2}", counting: &unknown)
    #expect(unknown.tokens == ids.count)
    #expect(unknown.unknown == ids.count { $0 == tokenizer.unknownId })
    #expect(unknown.unknown == 7)
    #expect(
      unknown.mostFrequent == ["`м` (U+043C)", "`а` (U+0430)", "`z` (U+007A)", "`т` (U+0442)"])
    #expect(unknown.warning?.contains("% of the tokens are unknown, most of them for `м`") == true)
    var none = UnknownTokens()
    _ = tokenizer.encode("the cat", counting: &none)
    #expect(none.unknown == 0 && none.warning == nil)
    #expect(none.description == "0 % of the tokens are unknown")
    let all = unknown.tokens + none.tokens
    none.add(unknown)
    #expect(none.tokens == all && none.unknown == 7)
  }

  @Test func everythingThatEncodesCountsThem() throws {
    try withTemporaryFolder { folder in
      _ = try prepare("the cat sat\nthe cat sat\n", in: folder)
      let tokenizer = try Tokenizer.load(folder: "\(folder)/data")
      let info = try prepare("мама мыла\nраму the cat\n", in: folder, out: "other") {
        $0.tokenizer = .load(folder: "\(folder)/data")
      }
      let all = try ids("\(folder)/other") + ids("\(folder)/other", .validation)
      let unknown = all.count { $0 == tokenizer.unknownId }
      #expect(info.unknownTokens == unknown && unknown > 10)
      #expect(info.unknownShare == Double(unknown) / Double(all.count))
      #expect(info.warnings.contains { $0.contains("tokens are unknown") })

      let example = TaskExample(id: "1", texts: ["the мат"], label: 0)
      let encoder = try TaskEncoder(
        ownTask("csv"), tokenizer: tokenizer, specials: SpecialTokens(after: 100), context: 32)
      #expect(encoder.encodeAll([example, example], threads: 2).unknownTokens.unknown == 6)
      var counted = UnknownTokens()
      _ = ZeroShot(.acceptability, tokenizer: tokenizer, context: 32)
        .candidates(of: example, counting: &counted)
      #expect(counted.unknown == 3)
    }
  }

  @Test func aVocabularyWithoutEndsOfWordsIsRefused() throws {
    let kinds = [
      (#"{"<unk>": 0, "a": 1, "Ġa": 2}"#, "but a GPT-2 tokenizer"),
      (#"{"<unk>": 0, "a": 1}"#, "</w>"),
      ("{\"<unk>\": 0, \"a\": 1, \"\\n</w>\": 2}", "</w>"),
    ]
    for (vocabulary, reason) in kinds {
      try withFiles(["vocab.json": vocabulary, "merges.txt": "#version: 0.2\n"]) { folder in
        let error = try inputError { _ = try Tokenizer.load(folder: folder) }
        #expect(error.path == "\(folder)/vocab.json")
        #expect(error.reason.contains("no piece ends in `</w>`"), "\(error)")
        #expect(error.reason.contains(reason), "\(error)")
      }
    }
  }
}
