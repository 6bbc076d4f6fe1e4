import Data
import Files
import Foundation
import TestSupport
import Testing

@Suite struct DelimitedTextTests {
  private func read(_ text: String, _ spec: TaskSpec) throws -> [String] {
    try withFiles(["train.txt": text]) { try summary(.train, of: spec, in: $0) }
  }

  @Test func quotedCellsHoldSeparatorsQuotesAndLineBreaks() throws {
    let text = "label,text\na,\"one, \"\"two\"\"\nthree\"\nb,\"\"\"\"\na,plain \"word\"\n"
    #expect(
      try read(text, ownTask("csv")) == ["one, \"two\"\nthree=0", "\"=1", "plain \"word\"=0"])
  }

  @Test func withoutQuotingQuotesAreCharacters() throws {
    let text = "text\tlabel\n\"Then he left.\ta\nHe said \"\"yes\"\".\tb"
    #expect(
      try read(text, ownTask("tsv")) == ["\"Then he left.=0", "He said \"\"yes\"\".=1"])
    #expect(
      try read("text,label\n\"one,a\n", ownTask("csv", more: "quoting: none")) == ["\"one=0"])
    #expect(
      try read("text\tlabel\n\"one\ttwo\"\tb\n", ownTask("tsv", more: "quoting: rfc4180"))
        == ["one\ttwo=1"])
  }

  @Test func marksOfEncodingsAndLinesAreNoText() throws {
    let expected = ["one=0", "two=1"]
    #expect(try read("\u{FEFF}text\tlabel\r\none\ta\r\ntwo\tb\r\n", ownTask("tsv")) == expected)
    #expect(
      try read("\u{FEFF}text,label\r\none,a\r\n\"two\",\"b\"\r\n", ownTask("csv")) == expected)
    #expect(try read("label,text\r\na,\"one\"\r\nb,\"two\"", ownTask("csv")) == expected)
    #expect(try read("\n\ntext\tlabel\n\none\ta\n\r\n\ntwo\tb\n\n", ownTask("tsv")) == expected)
  }

  @Test func columnsAreNamedOrNumberedAndJoined() throws {
    let headerless = try ownTask("csv", texts: "[[3, 1]]", label: "2", more: "header: false")
    #expect(
      try read("one,a,two\nthree,b,four\n", headerless) == ["two one=0", "four three=1"])
    let named = try ownTask("csv", texts: "[[2, 1]]", label: "x y")
    #expect(try read("1,x y,2\nthree,b,four\n", named) == ["four three=1"])
  }

  @Test func whatIsNoExampleIsRefusedByItsLine() throws {
    let (csv, tsv) = (try ownTask("csv"), try ownTask("tsv"))
    let wrong: [(TaskSpec, String, String)] = [
      (
        tsv, "text\tlabel\none\ta\n\nonly\n",
        "train.txt:4: there is only 1 column, but the header has 2"
      ),
      (
        csv, "text,label\n\"a\nb\",a\n\"c\nd\",c\n",
        "train.txt:4: the label `c` is unknown: expected one of a, b"
      ),
      (csv, "text,label\none,a\n  ,b\n", "train.txt:3: a text is empty; fill it in"),
      (
        csv, "text,label\none, two,a\n",
        "train.txt:2: there are 3 columns, but the header has 2; put texts"
      ),
      (csv, "text,label\n\"one\n,a\n", "train.txt:2: a quote that opens here is never closed"),
      (csv, "text,label\n\"one\" two,a\n", "train.txt:2: there is text after a closing quote"),
      (
        csv, "txt,label\none,a\n",
        "train.txt:1: there is no column `text`; the header has txt, label; did you mean `txt`?"
      ),
      (csv, "\n\ntext,label,text\none,a,two\n", "train.txt:3: the header names `text` twice"),
      (csv, "text,label\n", "train.txt: has no examples for the train split"),
      (csv, "", "train.txt: is empty"),
      (
        try ownTask("csv", more: "header: false"), "one,a\n",
        "train.txt: `text` is not a column: without a header"
      ),
      (
        try ownTask("csv", more: "id: nr"), "text,label\none,a\n",
        "train.txt:1: there is no column `nr`"
      ),
      (csv, "text,label\none,\n", "train.txt:2: the label `` is unknown"),
    ]
    for (spec, text, start) in wrong {
      let found = try complaint(about: text.utf8, as: spec)
      #expect(found.hasPrefix(start), "\(found)")
    }
  }

  @Test func otherEncodingsAreNamed() throws {
    let spec = try ownTask("tsv")
    let text = "text\tlabel\nseul\ta\ncafé\tb\n"
    let latin = text.unicodeScalars.map { UInt8($0.value) }
    let windows = latin.map { $0 == 0xE9 ? 0x92 : $0 }
    let utf16 = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    for (bytes, name, line) in [
      (latin, "probably Latin-1; convert it with `iconv -f LATIN1 -t UTF-8`", 3),
      (windows, "probably Windows-1252; convert it with `iconv -f CP1252 ", 3),
      (utf16, "probably UTF-16; convert it with `iconv -f UTF-16LE ", 1),
      ([0xFF, 0xFE] + utf16, "probably UTF-16; ", 1),
    ] {
      let found = try complaint(about: bytes, as: spec)
      #expect(found.hasPrefix("train.txt:\(line): is not UTF-8 but \(name)"), "\(found)")
    }
  }

  @Test func testSplitsMayLackLabels() throws {
    for text in ["id,text\nx,one\n", "id,text,label\nx,one,\n"] {
      try withFiles(["test.txt": text]) { folder in
        let examples = try ownTask("csv", more: "id: id").examples(.test, in: folder)
        #expect(examples == [TaskExample(id: "x", texts: ["one"], label: nil)])
      }
    }
    let found = try complaint(
      about: "text,label\none,a\ntwo,c\n".utf8, as: ownTask("csv"), split: .test)
    #expect(found.hasPrefix("test.txt:3: the label `c` is unknown"))
    #expect(
      try complaint(about: "text\none\n".utf8, as: ownTask("csv")).contains("no column `label`"))
  }
}
