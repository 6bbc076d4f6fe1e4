import Data
import Files
import Foundation
import TestSupport
import Testing
import Tokenization

/// `tokenizer.json`: what `transformers` reads, and what it leaves where it saves a folder again.
@Suite struct TokenizerJSONTests {
  /// Words, a quote, an accent, and a line break.
  private static let text = "the cat sat on the mat\nthe \"end\" of the café, the cat\n"
  private let tokenizer = Tokenizer.learn(merges: 30, from: text + text)

  private func written(_ specials: SpecialTokens?) throws -> [String: String] {
    try withTemporaryFolder { folder in
      try tokenizer.saveForTransformers(to: folder, context: 32, specials: specials)
      var files: [String: String] = [:]
      for name in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] {
        files[name] = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      }
      return files
    }
  }

  private func object(_ text: String?) throws -> [String: Any] {
    let data = Foundation.Data(try #require(text).utf8)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func load(_ json: String) throws -> Tokenizer {
    try withTemporaryFolder { folder in
      try put(json.utf8, at: "\(folder)/tokenizer.json")
      return try Tokenizer.load(folder: folder)
    }
  }

  /// Without special tokens, with some right behind the pieces, and with some behind rows that no piece has.
  @Test(arguments: [nil, 0, 500])
  func whatIsWrittenIsReadAlone(gap: Int?) throws {
    let specials = gap.map { SpecialTokens(after: tokenizer.vocabularySize + $0) }
    let text = try #require(try written(specials)["tokenizer.json"])
    #expect(try load(text).fingerprint == tokenizer.fingerprint)
    // Merges as newer versions of Hugging Face's library write them.
    var tree = try object(text)
    var model = try #require(tree["model"] as? [String: Any])
    let merges = try #require(model["merges"] as? [String])
    model["merges"] = merges.map { $0.split(separator: " ").map(String.init) }
    tree["model"] = model
    let again = try JSONSerialization.data(withJSONObject: tree)
    #expect(
      try load(String(decoding: again, as: UTF8.self)).fingerprint == tokenizer.fingerprint)
  }

  @Test func theOtherLayoutsComeFirst() throws {
    try withTemporaryFolder { folder in
      try tokenizer.save(to: folder)
      try put("{".utf8, at: "\(folder)/tokenizer.json")
      #expect(try Tokenizer.load(folder: folder).fingerprint == tokenizer.fingerprint)
      try FileManager.default.removeItem(atPath: "\(folder)/merges.txt")
      let error = try inputError { _ = try Tokenizer.load(folder: folder) }
      #expect(error.path == "\(folder)/tokenizer.json")
    }
  }

  /// A change to tokenizer.json beside vocab.json (new text, old text) and the message that it gives.
  @Test(arguments: [
    ("", "", nil), (#""version": "1.0","#, "{", nil),
    (#""<unk>": 0"#, #""<unk>": 0, "[PAD]": 70"#, nil),
    (#""the</w>": "#, #""the</w>": 1"#, "`the</w>` has the id 1"),
    (
      #""<unk>": 0"#, #""<unk>": 0, "zz": 70"#,
      "`zz` has the id 70, but vocab.json beside it has no such"
    ),
    (#""the</w>": "#, #""teh</w>": "#, "`teh</w>` has the id "),
  ])
  func filesOfOneFolderGiveTheSameIds(old: String, new: String, word: String?) throws {
    let specials = SpecialTokens(after: tokenizer.vocabularySize)
    let text = try #require(try written(specials)["tokenizer.json"])
    try #require(old.isEmpty || text.contains(old))
    try withTemporaryFolder { folder in
      try tokenizer.save(to: folder)
      try put(
        (old.isEmpty ? text : text.replacing(old, with: new)).utf8, at: "\(folder)/tokenizer.json")
      guard let word else {
        #expect(try Tokenizer.load(folder: folder).fingerprint == tokenizer.fingerprint)
        return
      }
      let error = try inputError { _ = try Tokenizer.load(folder: folder) }
      #expect(error.reason.contains(word) && error.reason.contains("vocab.json"), "\(error)")
      #expect(error.path == "\(folder)/tokenizer.json")
    }
  }

  @Test func textsGetTheTokensOfTheTask() throws {
    let count = tokenizer.vocabularySize
    let files = try written(SpecialTokens(after: count))
    let tree = try object(files["tokenizer.json"])
    let added = try #require(tree["added_tokens"] as? [[String: Any]])
    #expect(added.map { $0["id"] as? Int } == [0, count, count + 1, count + 2])
    #expect(
      added.map { $0["content"] as? String } == ["<unk>", "_start_", "_delimiter_", "_classify_"])
    let template = try #require(tree["post_processor"] as? [String: Any])
    func names(_ key: String) throws -> [String] {
      try #require(template[key] as? [[String: [String: Any]]]).map {
        ($0["SpecialToken"] ?? $0["Sequence"])?["id"] as? String ?? "?"
      }
    }
    #expect(try names("single") == ["_start_", "A", "_classify_"])
    #expect(try names("pair") == ["_start_", "A", "_delimiter_", "B", "_classify_"])
    let config = try object(files["tokenizer_config.json"])
    #expect(config["tokenizer_class"] as? String == "PreTrainedTokenizerFast")
    #expect(config["model_max_length"] as? Int == 32)
    #expect(config["padding_side"] as? String == "right")
    // GPT-1 would add the embeddings of token types.
    #expect(config["model_input_names"] as? [String] == ["input_ids", "attention_mask"])
    let map = try object(files["special_tokens_map.json"])
    #expect(
      map as? [String: String] == [
        "unk_token": "<unk>", "bos_token": "_start_", "cls_token": "_classify_",
        "pad_token": "_delimiter_", "sep_token": "_delimiter_",
      ])
    for (key, value) in map { #expect(config[key] as? String == value as? String) }
  }

  @Test func aLanguageModelGetsTextsAsTheyAre() throws {
    let files = try written(nil)
    #expect(try object(files["tokenizer.json"])["post_processor"] is NSNull)
    #expect(
      try object(files["special_tokens_map.json"]) as? [String: String] == ["unk_token": "<unk>"])
  }

  private struct Expected: Decodable {
    struct Case: Decodable {
      let text: String
      let pair: String?
      let ids: [Int32]
    }
    let hash: String
    let cases: [Case]
  }

  /// `make_transformers_fixtures.py` gave the very file to `transformers`.
  @Test func transformersMakesTheSameIds() throws {
    let specials = SpecialTokens(after: tokenizer.vocabularySize + 7)
    let expected: Expected = try fixture("transformers.json")
    let text = try #require(try written(specials)["tokenizer.json"])
    try #require(
      XXH128.hash(Array(text.utf8).span) == expected.hash,
      "tokenizer.json changed: make the fixture again")
    for example in expected.cases {
      let pair = example.pair.map { [specials.delimiter] + tokenizer.encode($0) } ?? []
      #expect(
        [specials.start] + tokenizer.encode(example.text) + pair + [specials.end] == example.ids,
        "\(example.text)")
    }
  }

  /// For `make_transformers_fixtures.py`, with the folder in GPT1_DIST_WRITE_TOKENIZER.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["GPT1_DIST_WRITE_TOKENIZER"] != nil))
  func writeTheTokenizerOfTheFixture() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["GPT1_DIST_WRITE_TOKENIZER"])
    try tokenizer.saveForTransformers(
      to: folder, context: 32, specials: SpecialTokens(after: tokenizer.vocabularySize + 7))
  }

  @Test(arguments: [
    (#""type": "BPE""#, #""type": "WordPiece""#, #"model.type is "WordPiece""#),
    (#""end_of_word_suffix": "</w>""#, #""end_of_word_suffix": null"#, "is missing"),
    (#""end_of_word_suffix": "</w>""#, #""end_of_word_suffix": "@@""#, #"is "@@""#),
    (#""continuing_subword_prefix": """#, #""continuing_subword_prefix": "@@""#, "@@"),
    (#""byte_fallback": false"#, #""byte_fallback": true"#, "byte_fallback is true"),
    (#""unk_token": "<unk>""#, #""unk_token": "[UNK]""#, "[UNK]"),
    (#""lowercase": true"#, #""lowercase": false"#, "normalizer.lowercase is false"),
    (#""clean_text": true"#, #""clean_text": false"#, "normalizer.clean_text is false"),
    (#""handle_chinese_chars": true"#, #""handle_chinese_chars": false"#, "chinese_chars is false"),
    (#""strip_accents": null"#, #""strip_accents": false"#, "normalizer.strip_accents is false"),
    (#""fuse_unk": false"#, #""fuse_unk": true"#, "model.fuse_unk is true"),
    (#""dropout": null"#, #""dropout": 0.1"#, "model.dropout is 0.1"),
    (#""special": true"#, #""special": false"#, "which is not special"),
    (#""type": "BertNormalizer""#, #""type": "NFC""#, "normalizer is"),
    (#""type": "Punctuation""#, #""type": "ByteLevel""#, "pre_tokenizer is"),
    (#""vocab": {"<unk>": 0"#, #""vocab": {"<UNK>": 0"#, "<unk> is missing"),
    (#""vocab": {"<unk>": 0"#, #""vocab": {"<unk>": 0, "!!": 1"#, "have the same id 1"),
    (#""vocab": {"<unk>": 0"#, #""vocab": {"<unk>": 0, "<unk>": 1"#, "appears twice"),
    (#""vocab": {"<unk>": 0"#, #""vocab": {"<unk>": 0, "!!": 700"#, "no piece has the id"),
    (#""vocab": {"<unk>": 0"#, #""vocab": {"<unk>": 0, "!!": -1"#, "is -1"),
    (#""vocab": {"<unk>": 0"#, #""vocab": {"<unk>": 0.5"#, "is 0.5"),
    (#""merges": ["#, #""merges": ["x y z", "#, #"is "x y z""#),
    (#""merges": ["#, #""merges": [["!!", "?"], "#, "not in the vocabulary"),
    (#""merges": ["#, #""merges": [["a"], "#, "expected two pieces"),
    (#""merges": ["#, #""merges": 3, "other": ["#, "not a list"),
    (#""version": "1.0","#, #""version": "1.0",,"#, "JSON"),
  ])
  func anotherKindIsRefusedWithWhatWasFound(old: String, new: String, word: String) throws {
    let text = try #require(try written(nil)["tokenizer.json"])
    try #require(text.contains(old))
    let error = #expect(throws: InputError.self) { try load(text.replacing(old, with: new)) }
    #expect(error?.reason.contains(word) == true, "\(String(describing: error))")
    #expect(error?.path?.hasSuffix("/tokenizer.json") == true)
  }

  @Test func piecesThatUnicodeCallsEqualAreTwo() throws {
    let text = try #require(try written(nil)["tokenizer.json"])
    let count = tokenizer.vocabularySize
    // The sign of ohm and the letter omega.
    let more = #""vocab": {"\u2126": \#(count), "\u03a9": \#(count + 1), "<unk>": 0"#
    let read = try load(text.replacing(#""vocab": {"<unk>": 0"#, with: more))
    #expect(read.vocabularySize == count + 2)
  }

  /// Everything up to the end is a sentence, and nothing a trap.
  @Test func damagedFilesAreRefusedOrRead() throws {
    let bytes = Array(try #require(try written(nil)["tokenizer.json"]).utf8)
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<1_000 {
      var damaged = bytes
      switch generator.below(3) {
      case 0: damaged.removeLast(generator.below(bytes.count))
      case 1:
        damaged[generator.below(bytes.count)] =
          Array("{}[]\",:\\u0 9-e\n".utf8)[generator.below(15)]
      default: damaged.removeSubrange(generator.below(bytes.count / 2)..<bytes.count / 2)
      }
      do throws(InputError) { _ = try JSONTree(damaged, path: "x") } catch {
        #expect(error.path == "x" && error.line != nil)
      }
    }
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    #expect(throws: InputError.self) { try JSONTree(deep, path: "x") }
  }
}
