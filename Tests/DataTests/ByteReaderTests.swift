// Longer than 300 lines: every reader with every kind of bytes.

import Data
import Files
import Foundation
import TestSupport
import Testing
import Tokenization

/// Bytes that are no text in UTF-8, and what every reader must say of them.
private struct Foreign {
  let name: String
  let bytes: [UInt8]
  /// A part of the sentence.
  let says: String

  init(_ name: String, _ bytes: [UInt8], _ says: String) {
    (self.name, self.bytes, self.says) = (name, bytes, says)
  }
}

/// `text` in an encoding of Foundation's.
private func encoded(_ text: String, _ encoding: String.Encoding, mark: [UInt8] = []) throws
  -> [UInt8]
{
  mark + Array(try #require(text.data(using: encoding)))
}

/// A tar archive of one file, by the rules of POSIX.1-1988.
private func tar(_ content: [UInt8]) -> [UInt8] {
  var header = [UInt8](repeating: 0, count: 512)
  func put(_ text: String, at place: Int) {
    header.replaceSubrange(place..<place + text.utf8.count, with: text.utf8)
  }
  put("corpus.txt", at: 0)
  put("0000644", at: 100)
  put("00000000031", at: 124)
  put("        ", at: 148)
  put("0", at: 156)
  let sum = header.reduce(0) { $0 + Int($1) }
  put(
    String(repeating: "0", count: 6 - String(sum, radix: 8).count) + String(sum, radix: 8), at: 148)
  header[154] = 0
  return header + content + [UInt8](repeating: 0, count: 512 - content.count)
}

private func foreign() throws -> [Foreign] {
  let western = "Er hat seinen Hut vergessen. Das Café ist schön, naïve Gäste lächeln.\n"
  let russian = "мама мыла раму и кот сидел\n"
  let chinese = "我们在这里。他们也在这里，大家都在这里。\n"
  var found: [Foreign] = []
  let wide: [(String, String.Encoding, [UInt8])] = [
    ("UTF-16LE", .utf16LittleEndian, [0xFF, 0xFE]), ("UTF-16BE", .utf16BigEndian, [0xFE, 0xFF]),
    ("UTF-32LE", .utf32LittleEndian, [0xFF, 0xFE, 0, 0]),
    ("UTF-32BE", .utf32BigEndian, [0, 0, 0xFE, 0xFF]),
  ]
  for (name, encoding, mark) in wide {
    for text in [western, russian, chinese, "text,label\na,good\n"] {
      found.append(
        Foreign(name, try encoded(text, encoding), "`iconv -f \(name) -t UTF-8`"))
      found.append(
        Foreign(
          "\(name) with a mark", try encoded(text, encoding, mark: mark),
          "`iconv -f \(name.prefix(6)) -t UTF-8`"))
    }
  }
  found += [
    Foreign("Latin-1", try encoded(western, .isoLatin1), "probably Latin-1"),
    Foreign(
      "Windows-1252", try encoded("Don’t “go”. " + western, .windowsCP1252),
      "`iconv -f CP1252 -t UTF-8`"),
    Foreign("Windows-1251", try encoded(russian, .windowsCP1251), "such as Windows-1251"),
    Foreign(
      "Latin-1 behind a mark of UTF-8", [0xEF, 0xBB, 0xBF] + Array("{".utf8) + [0xE9],
      "is not UTF-8 but"),
    Foreign("cut UTF-8", Array(western.utf8) + [0xC3], "damaged UTF-8"),
    Foreign("gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x2B, 0xC9], "unpack it with `gunzip`"),
    Foreign("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4, 0xE6], "unpack it with `unxz`"),
    Foreign("zstd", [0x28, 0xB5, 0x2F, 0xFD, 4, 0x58, 0x59], "unpack it with `unzstd`"),
    Foreign("bzip2", Array("BZh91AY&SY".utf8) + [0xB1, 0x7C], "unpack it with `bunzip2`"),
    Foreign("tar", tar(Array("The cat sat on the mat.\n".utf8)), "is a tar archive"),
    Foreign("zip", [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + Array("a.txt".utf8), "is a zip archive"),
    Foreign(
      "docx", [0x50, 0x4B, 3, 4, 20, 0] + Array("[Content_Types].xml".utf8), "an Office document"),
    Foreign("Parquet", Array("PAR1".utf8) + [0x15, 4, 0x15, 0x10], "is a Parquet file"),
    Foreign("PDF", Array("%PDF-1.7\n".utf8), "`pdftotext`"),
    Foreign("safetensors", [16, 0, 0, 0, 0, 0, 0, 0] + Array(#"{"a":{}}"#.utf8), "safetensors"),
    Foreign(
      "git-lfs",
      Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4660\n".utf8),
      "git-lfs pointer"),
    Foreign(
      "zero bytes", Array("The cat sat.\n".utf8) + [UInt8](repeating: 0, count: 100_000),
      "zero bytes"),
    Foreign(
      "control characters", (0..<200).flatMap { [UInt8(ascii: "a"), UInt8(1 + $0 % 7)] },
      "control characters"),
    Foreign(
      "UTF-16 as Latin-1",
      Array(
        String(
          decoding: try encoded(
            String(repeating: "η μητέρα πλένει το παιδί\n", count: 5), .utf16LittleEndian
          ).map { UInt16($0) }, as: UTF16.self
        ).utf8),
      "control characters"),
  ]
  return found
}

/// Everything that reads text: the file that is put in its way, and the reading.
private let readers: [(name: String, file: String, read: @Sendable (String) throws -> Void)] = [
  (
    "prepare", "corpus.txt",
    { folder in
      var config = PrepareConfig(
        inputs: ["\(folder)/corpus.txt"], tokenizer: .train(merges: 5), out: "\(folder)/out")
      config.validationFraction = 0
      _ = try Preparation.run(config)
    }
  ),
  (
    "prepare of a folder", "corpus/a.txt",
    { folder in
      let config = PrepareConfig(
        inputs: ["\(folder)/corpus"], tokenizer: .train(merges: 5), out: "\(folder)/out")
      _ = try Preparation.run(config)
    }
  ),
  (
    "prepare --field", "corpus.jsonl",
    { folder in
      var config = PrepareConfig(
        inputs: ["\(folder)/corpus.jsonl"], tokenizer: .train(merges: 5), out: "\(folder)/out")
      config.field = "text"
      _ = try Preparation.run(config)
    }
  ),
  ("score", "text.txt", { _ = try TextFile.text(of: "\($0)/text.txt", for: .prose) }),
  ("--config", "config.yaml", { _ = try TextFile.text(of: "\($0)/config.yaml") }),
  (
    "standard input", "input",
    { folder in
      let file = try #require(FileHandle(forReadingAtPath: "\(folder)/input"))
      try TextInput.forEachLine(descriptor: file.fileDescriptor) { _, _ in }
    }
  ),
  ("--task", "task.yaml", { _ = try TaskSpec.named("\($0)/task.yaml") }),
  ("csv", "train.txt", { _ = try ownTask("csv").examples(.train, in: $0) }),
  ("tsv", "train.txt", { _ = try ownTask("tsv").examples(.train, in: $0) }),
  ("jsonl", "train.txt", { _ = try ownTask("jsonl").examples(.train, in: $0) }),
  ("COPA", "copa-dev.xml", { _ = try TaskSpec.named("copa").examples(.dev, in: $0) }),
  ("RACE", "dev/middle/1.txt", { _ = try TaskSpec.named("race").examples(.dev, in: $0) }),
  ("vocab.json", "vocab.json", { _ = try Tokenizer.load(folder: $0) }),
  (
    "merges.txt", "merges.txt",
    { folder in
      try put(#"{"<unk>": 0, "a</w>": 1}"#.utf8, at: "\(folder)/vocab.json")
      _ = try Tokenizer.load(folder: folder)
    }
  ),
]

@Suite struct ByteReaderTests {
  /// All readers × all encodings.
  @Test func everyReaderSaysWhatTheBytesAre() throws {
    let all = try foreign()
    #expect(all.count > 45 && readers.count > 12)
    for reader in readers {
      for foreign in all {
        try withTemporaryFolder { folder in
          let path = "\(folder)/\(reader.file)"
          try put(foreign.bytes, at: path)
          do {
            try reader.read(folder)
            Issue.record("\(reader.name) read \(foreign.name)")
          } catch {
            let error = error as? InputError
            #expect(
              error?.reason.contains(foreign.says) == true,
              "\(reader.name), \(foreign.name): \(error?.description ?? "")")
            let expected = reader.file == "input" ? "standard input" : path
            #expect(error?.path == expected, "\(reader.name)")
          }
        }
      }
    }
  }

  @Test func jsonLinesArePlainTextNowhere() throws {
    let text = #"{"id": 1, "text": "The cat sat."}"# + "\n"
    for reader in readers.prefix(4) where reader.name != "prepare --field" {
      try withTemporaryFolder { folder in
        try put(String(repeating: text, count: 3).utf8, at: "\(folder)/\(reader.file)")
        let error = try inputError { try reader.read(folder) }
        #expect(error.reason.contains("looks like JSON Lines"), "\(error)")
        #expect(error.reason.contains("--field text"))
        try put(
          "[\n  {\"text\": \"a\"},\n  {\"text\": \"b\"}\n]\n".utf8, at: "\(folder)/\(reader.file)")
        #expect(try inputError { try reader.read(folder) }.reason.contains("one JSON text"))
      }
    }
  }

  /// Behind a heading, blank lines and among others; what prepare, score and encode say of it.
  @Test(arguments: [
    ("a heading\n\n{\"a\": 1}\n{\"a\": 2}\n", "looks like JSON Lines"),
    ("\n# a comment\n\n  {\"a\": [1]}\n{\"a\": 2}\n{\"a\": 3}\nprose\n", "looks like JSON Lines"),
    ("a\nb\n{\"a\": 1}\n{\"a\": 2}\n", nil), ("a heading\n{\"a\": 1}\n", nil),
  ])
  func mostLinesDecide(text: String, says: String?) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/corpus.txt"
      try put((text + (says == nil ? madeText(lines: 20) : "")).utf8, at: path)
      for read in [
        { try readers[0].read(folder) }, { _ = try TextFile.text(of: path, for: .prose) },
        { try lines(of: path, for: .prose) { _ in } },
      ] as [() throws -> Void] {
        guard let says else {
          try read()
          continue
        }
        let reason = try inputError(read).reason
        #expect(reason.contains(says) && (reason.contains("--field") || reason.contains("jq")))
      }
      // A line of JSON is a line of a format.
      try lines(of: path, for: .format) { _ in }
    }
  }

  private func lines(of path: String, for use: TextUse, tell: (String) -> Void) throws {
    let file = try #require(FileHandle(forReadingAtPath: path))
    try TextInput.forEachLine(descriptor: file.fileDescriptor, for: use, tell: tell) { _, _ in }
  }

  @Test(arguments: [
    ("<html lang=\"de\">\n", "is an HTML page", "1 file is an HTML page, whose tags"),
    ("<?xml version=\"1.0\"?>\n", "is an XML document", "1 file is an XML document, whose tags"),
  ])
  func tagsThatAreReadAsTextAreTold(start: String, note: String, ofCorpus: String) throws {
    try withTemporaryFolder { folder in
      let text = start + madeText(lines: 50)
      let info = try prepare(text, in: folder) { $0.tokenizer = .train(merges: 5) }
      #expect(info.warnings.contains { $0.hasPrefix(ofCorpus) }, "\(info.warnings)")
      let path = "\(folder)/text/one.txt"
      var notes: [String] = []
      _ = try TextFile.text(of: path, for: .prose) { notes.append($0) }
      try lines(of: path, for: .prose) { notes.append($0) }
      #expect(notes.count == 2 && notes.allSatisfy { $0.contains(note) }, "\(notes)")
    }
  }

  /// Inputs that must be accepted.
  @Test(arguments: [
    "{ a brace begins this text.\n", "[Illustration]\n\nCHAPTER I\n", "мама мыла раму\n",
    "我们在这里。\n", "日本語のテキスト\n", "\u{FEFF}A mark at the beginning.\n", "<b>bold</b> text\n",
    "<html lang=\"de\"><p>A page</p></html>\n", "é\n", "tab\tand form feed\u{C}\r\n",
    "PK is not PK\u{3}\n", "{\"a\": 1} is an object\n", "%PDF is a format\n", "{}{}\n",
  ])
  func textIsText(text: String) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/corpus.txt"
      let whole = text + madeText(lines: 20)
      try put(whole.utf8, at: path)
      #expect(try TextFile.text(of: path, for: .prose).hasSuffix(madeText(lines: 20)))
      try readers[0].read(folder)
    }
  }

  @Test func aFewControlCharactersAreToldOnce() throws {
    try withTemporaryFolder { folder in
      let text = "one\u{0} \u{1}two\u{FFFD}\n" + madeText(lines: 100)
      var notes: [String] = []
      try put(text.utf8, at: "\(folder)/a.txt")
      _ = try TextFile.text(of: "\(folder)/a.txt") { notes.append($0) }
      #expect(
        notes == [
          "\(folder)/a.txt: has 1 zero byte, 1 control character and 1 replacement character in its text"
        ])
      let info = try prepare(text, in: folder) { $0.tokenizer = .train(merges: 5) }
      #expect(info.warnings.contains { $0.contains("1 zero byte, 1 control character") })
    }
  }

  @Test(arguments: [[0xFF], [0x61, 0xE9], [0xED, 0xA0, 0x80], [0xC3]] as [[UInt8]])
  func invalidLinesOfStandardInputAreNamed(bytes: [UInt8]) throws {
    for end in [[], [0x0A], [0x0A, 0x61]] as [[UInt8]] {
      try withTemporaryFolder { folder in
        // Beyond the beginning, by which the whole is judged.
        let good = Array(madeText(lines: 3_000).utf8)
        try put(good + bytes + end, at: "\(folder)/input")
        let file = try #require(FileHandle(forReadingAtPath: "\(folder)/input"))
        var lines = 0
        let error = try inputError {
          try TextInput.forEachLine(descriptor: file.fileDescriptor) { _, number in lines = number }
        }
        #expect(error.path == "standard input" && error.line == 3_001 && lines == 3_000)
        #expect(error.reason.contains("is not UTF-8 but"), "\(error)")
      }
    }
  }

  @Test func argumentsAreJudgedToo() throws {
    let name = FileName.string(Array("caf".utf8) + [0xE9] + Array(" noir".utf8))
    let error = try inputError { _ = try TextArgument.text(name, of: "--prompt") }
    #expect(
      "\(error)" == "--prompt: is not UTF-8 but probably Latin-1; convert it with "
        + "`iconv -f LATIN1 -t UTF-8` (byte 3 of the text is 0xE9)")
    #expect(try TextArgument.text("café", of: "--prompt") == "café")
  }

  @Test func pipesAreReadAsFilesAre() throws {
    try withTemporaryFolder { folder in
      let text = madeText(lines: 5_000)  // more than a pipe holds
      let direct = try prepare(text, in: folder, out: "direct")
      /// Calls `body` with a pipe into which another process writes the text.
      func withPipe<Result>(_ name: String, _ body: (String) throws -> Result) throws -> Result {
        let pipe = "\(folder)/\(name)"
        let writer = try Process.run(
          URL(fileURLWithPath: "/bin/sh"),
          arguments: [
            "-c", "mkfifo \"$1\" && exec cat \"$2\" >\"$1\"", "sh", pipe, "\(folder)/text/one.txt",
          ])
        while !FileManager.default.fileExists(atPath: pipe), writer.isRunning { sched_yield() }
        return try body(pipe)
      }
      #expect(try withPipe("one") { try TextFile.text(of: $0, for: .prose) } == text)
      let piped = try withPipe("two") { pipe in
        try prepare(text, in: folder) { $0.inputs = [pipe] }
      }
      #expect(piped.fingerprint == direct.fingerprint)
    }
  }
}
