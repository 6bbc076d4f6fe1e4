import Data
import Files
import Foundation
import TestSupport
import Testing
import Tokenization

/// Prepares `text` in `folder` with the settings that `change` makes.
func prepare(
  _ text: String, in folder: String, out: String = "data",
  change: (inout PrepareConfig) -> Void = { _ in }
) throws -> DatasetInfo {
  try put(text.utf8, at: "\(folder)/text/one.txt")
  var config = PrepareConfig(
    inputs: ["\(folder)/text"], tokenizer: .train(merges: 100), out: "\(folder)/\(out)")
  config.validationFraction = 0.05
  change(&config)
  return try Preparation.run(config)
}

/// All ids of `split`.
func ids(_ folder: String, _ split: Split = .train) throws -> [Int32] {
  let dataset = try TokenDataset(folder: folder)
  return try dataset.tokens(0..<dataset.info[split].tokens, of: split)
}

@Suite struct PreparationTests {
  @Test func withoutValidationTheIdsAreThoseOfTheTextStandardisedWhole() throws {
    try withTemporaryFolder { folder in
      let text =
        "\n\n  First -- line \n\n\t\n" + madeText(lines: 500) + "\n \nno newline at the end"
      let info = try prepare(text, in: folder) { $0.validationFraction = 0 }
      let tokenizer = try Tokenizer.load(folder: "\(folder)/data")
      #expect(try ids("\(folder)/data") == tokenizer.encode(text))
      #expect(info.validation.tokens == 0)
      #expect(info.unigramValidationLoss == nil)
      #expect(info.inputBytes == text.utf8.count)
      #expect(tokenizer.fingerprint == Tokenizer.learn(merges: 100, from: text).fingerprint)
    }
  }

  @Test func neitherThreadsNorShardSizesChangeTheIds() throws {
    try withTemporaryFolder { folder in
      let text = madeText(lines: 30_000)  // two chunks
      let one = try prepare(text, in: folder)
      let three = try prepare(text, in: folder, out: "three") {
        $0.threads = 3
        $0.shardTokens = 10_007
      }
      #expect(one.train.shards.count == 1)
      #expect(three.train.shards.count == (three.train.tokens + 10_006) / 10_007)
      #expect(three.train.shards.count > 5)
      for split in Split.allCases {
        #expect(try ids("\(folder)/data", split) == ids("\(folder)/three", split))
      }
      #expect(one.unigramValidationLoss == three.unigramValidationLoss)
      #expect(one.fingerprint != three.fingerprint)  // other files, though the same ids
    }
  }

  @Test func heldOutLinesAreSpreadAndNotTrainedOn() throws {
    try withTemporaryFolder { folder in
      // Every line names itself, so that it is known where each one went.
      let text = (0..<2000).map { "line\($0) of the text\n" }.joined()
      let info = try prepare(text, in: folder) { $0.validationFraction = 0.1 }
      let tokenizer = try Tokenizer.load(folder: "\(folder)/data")
      func lines(_ split: Split) throws -> [String] {
        tokenizer.decode(try ids("\(folder)/data", split)).split(separator: "\n").map {
          $0.trimmingCharacters(in: .whitespaces)
        }
      }
      let (train, validation) = (try lines(.train), try lines(.validation))
      #expect(train.count + validation.count == 2000)
      #expect(Set(train).union(validation).count == 2000)
      #expect((150...250).contains(validation.count))
      let places = validation.compactMap { Int($0.dropFirst(4).prefix { $0.isNumber }) }
      for part in 0..<4 {
        #expect(places.contains { $0 / 500 == part })
      }
      #expect(info.validation.tokens > 0)
    }
  }

  @Test func aShortCorpusHasAValidationBlockToo() throws {
    try withTemporaryFolder { folder in
      let info = try prepare("one two\nthree four\nfive six\n", in: folder) {
        $0.validationFraction = 0.01
      }
      #expect(info.validation.tokens > 0 && info.train.tokens > 0)
      #expect(info.warnings.count == 1)
      #expect(info.warnings.first?.contains("of 100 merges") == true)
    }
  }

  @Test func unigramNumbersAreThoseOfTheirFormulas() throws {
    try withTemporaryFolder { folder in
      let info = try prepare(madeText(lines: 300), in: folder)
      let (train, held) = (try ids("\(folder)/data"), try ids("\(folder)/data", .validation))
      var counts: [Int32: Double] = [:]
      for id in train { counts[id, default: 0] += 1 }
      let n = Double(train.count)
      let entropy = counts.values.reduce(0) { $0 - $1 / n * log($1 / n) }
      let divisor = n + Double(info.vocabularySize)
      let loss =
        held.reduce(0) { $0 - log(((counts[$1] ?? 0) + 1) / divisor) } / Double(held.count)
      #expect(abs(info.unigramEntropy - entropy) < 1e-9 * entropy)
      #expect(abs((info.unigramValidationLoss ?? 0) - loss) < 1e-9 * loss)
    }
  }

  @Test func foldersAreReadSortedAndWithoutTheirOutput() throws {
    try withTemporaryFolder { folder in
      try put("bravo\n".utf8, at: "\(folder)/text/b.txt")
      try put("alpha\n".utf8, at: "\(folder)/text/a/z.txt")
      try put("hidden\n".utf8, at: "\(folder)/text/.hidden/x.txt")
      try put("other\n".utf8, at: "\(folder)/text/notes.md")
      for _ in 0..<2 {  // the second time data/merges.txt is there
        let info = try prepare("charlie\n", in: folder, out: "text/data") {
          $0.validationFraction = 0
        }
        #expect(
          info.sources.map(\.path)
            == ["a/z.txt", "b.txt", "one.txt"].map { "\(folder)/text/\($0)" })
        let tokenizer = try Tokenizer.load(folder: "\(folder)/text/data")
        let text = tokenizer.decode(try ids("\(folder)/text/data"))
        #expect(text == "alpha \n bravo \n charlie")
      }
    }
  }

  @Test func manyCharactersMakeWideIds() throws {
    try withTemporaryFolder { folder in
      // 33,000 ideographs, each a word: 66,000 pieces and more.
      let scalars = (0..<33_000).compactMap { Unicode.Scalar(0x20000 + $0) }
      let lines = scalars.map { "\($0)\n" }.joined()
      let info = try prepare(lines, in: folder) { $0.validationFraction = 0 }
      #expect(info.vocabularySize > 1 << 16)
      #expect(info.train.shards.first?.bytes == 32 + 4 * info.train.tokens)
      #expect(
        try ids("\(folder)/data") == Tokenizer.load(folder: "\(folder)/data").encode(lines))
    }
  }

  @Test func invalidTextIsRefusedByLineAndByte() throws {
    try withTemporaryFolder { folder in
      let good = Array(madeText(lines: 40_000).utf8)  // beyond the first chunk
      try put(good + "caf\n".utf8 + [0x61, 0xE9, 0x0A], at: "\(folder)/bad.txt")
      let config = PrepareConfig(
        inputs: ["\(folder)/bad.txt"], tokenizer: .train(merges: 5), out: "\(folder)/data")
      let error = try inputError { _ = try Preparation.run(config) }
      #expect(error.path == "\(folder)/bad.txt")
      #expect(error.line == 40_002)
      #expect(error.reason.contains("(byte \(good.count + 5) of the file is 0xE9)"), "\(error)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["bad.txt"])
    }
  }

  @Test(arguments: [
    ("", 0.05, "the corpus is empty"), (" \n\t\n", 0.05, "the corpus is empty"),
    ("one line", 0.05, "the corpus is one line"), ("a\nb\n", 0.7, "expected 0 to 0.5"),
  ])
  func uselessCorporaAreRefused(text: String, fraction: Double, reason: String) throws {
    try withTemporaryFolder { folder in
      let error = try inputError {
        _ = try prepare(text, in: folder) { $0.validationFraction = fraction }
      }
      #expect(error.reason.contains(reason), "\(error)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["text"])
    }
  }

  @Test func textInTheFolderToBeReplacedIsRefusedAndLeftAlone() throws {
    try withTemporaryFolder { folder in
      let text = "\(folder)/data/sub/mine.txt"
      _ = try prepare(madeText(lines: 50), in: folder)
      let files = FileManager.default
      try put(madeText(lines: 9).utf8, at: text)
      try files.createSymbolicLink(
        atPath: "\(folder)/link", withDestinationPath: "\(folder)/data")
      let before = try files.subpathsOfDirectory(atPath: "\(folder)/data").sorted()
      func refused(_ inputs: String..., out: String = "data") throws -> InputError {
        try inputError {
          _ = try prepare("", in: folder, out: out) {
            $0.inputs = inputs.map { "\(folder)/\($0)" }
          }
        }
      }
      // As a foreign file, whatever is read; as an input, where nothing foreign is there.
      for input in ["data/sub/mine.txt", "data", "text"] {
        #expect(try refused(input).path == "\(folder)/data")
        #expect(try refused(input).reason.contains("holds sub, which is not part of a dataset"))
      }
      try files.moveItem(atPath: "\(folder)/data/sub", toPath: "\(folder)/kept")
      for input in ["data/merges.txt", "data", "data/../data/", "link", "link/vocab.json"] {
        let error = try refused("kept", input)
        #expect(error.path == "\(folder)/\(input)")
        #expect(error.reason.contains("lies in the folder that --out names"), "\(error)")
        #expect(try refused(input, out: "link").path == "\(folder)/\(input)")
      }
      try files.moveItem(atPath: "\(folder)/kept", toPath: "\(folder)/data/sub")
      #expect(try files.subpathsOfDirectory(atPath: "\(folder)/data").sorted() == before)
    }
  }

  @Test func aLinkToAFolderIsReadAsTheFolder() throws {
    try withTemporaryFolder { folder in
      let direct = try prepare(madeText(lines: 50), in: folder)
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/link", withDestinationPath: "text")
      let linked = try prepare(madeText(lines: 50), in: folder, out: "linked") {
        $0.inputs = ["\(folder)/link"]
      }
      #expect(linked.fingerprint == direct.fingerprint)
      #expect(linked.sources.map(\.path) == ["\(folder)/link/one.txt"])
    }
  }

  @Test func onlyDatasetsAreReplaced() throws {
    try withTemporaryFolder { folder in
      try put("mine".utf8, at: "\(folder)/data/diary.md")
      let refused = try inputError { _ = try prepare("a b\nc d\n", in: folder) }
      #expect(refused.path == "\(folder)/data" && refused.reason.contains("not a dataset"))
      #expect(FileManager.default.fileExists(atPath: "\(folder)/data/diary.md"))
      let missing = try inputError {
        _ = try prepare("a", in: folder, out: "new") { $0.inputs = ["\(folder)/none"] }
      }
      #expect(missing.path == "\(folder)/none")
      let first = try prepare(madeText(lines: 50), in: folder, out: "new")
      let second = try prepare(madeText(lines: 60), in: folder, out: "new")
      #expect(first.fingerprint != second.fingerprint)
      #expect(try TokenDataset(folder: "\(folder)/new").fingerprint == second.fingerprint)
    }
  }
}
