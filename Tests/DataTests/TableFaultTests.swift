// Longer than 300 lines: a table of faults.

import Data
import Files
import Foundation
import TestSupport
import Testing

/// Faults of users' files, in every format, with the exact outcome.
@Suite struct TableFaultTests {
  /// The examples as `text=label|…`, or the error without the folder.
  private func outcome(_ text: String, _ spec: TaskSpec, _ split: TaskSplit = .train) throws
    -> String
  {
    try withTemporaryFolder { folder in
      try put(text.utf8, at: "\(folder)/\(split == .train ? "train" : "test").txt")
      do { return try summary(split, of: spec, in: folder).joined(separator: "|") } catch {
        return "\(error)".replacing("\(folder)/", with: "")
      }
    }
  }

  private func expect(
    _ found: String, _ expected: String, at location: SourceLocation = #_sourceLocation
  ) {
    // An error is given by its beginning.
    let matches = expected.hasPrefix("train.txt") ? found.hasPrefix(expected) : found == expected
    #expect(
      matches, "found \(found.debugDescription), expected \(expected)", sourceLocation: location)
  }

  /// S is the separator. Expected of quoted files, and of unquoted ones where that differs.
  private static let tables: [(text: String, quoted: String, unquoted: String?)] = [
    ("textSlabel\noneSa\n", "one=0", nil),
    (
      "textSlabel\noneSaSx\n", "train.txt:2: there are 3 columns, but the header has 2; put texts",
      "train.txt:2: there are 3 columns, but the header has 2; remove the separator"
    ),
    (
      "textSlabel\none\n", "train.txt:2: there is only 1 column, but the header has 2; complete",
      nil
    ),
    (
      "textSlabelSmore\noneSa\n",
      "train.txt:2: there are only 2 columns, but the header has 3; comp",
      nil
    ),
    ("\n  \ntextSlabel\n\n \noneSa\n \n", "one=0", nil),
    ("textSlabel\r\noneSa\r\ntwoSb", "one=0|two=1", nil),
    ("textSlabel\r\r\noneSa\r\r\n", "one=0", nil),
    (
      "textSlabel\roneSa\r", "train.txt:1: there is a carriage return (CR) without a line feed", nil
    ),
    ("textSlabel\nonSa\ntw\roSb\n", "train.txt:3: there is a carriage return (CR) without", nil),
    ("\u{FEFF}textSlabel\noneSa\n", "one=0", nil),
    (
      "textSlabel\n\"say \"\"no\"\"\"Sa\n", "say \"no\"=0",
      "train.txt:2: the cell `\"say \"\"no\"\"\"` looks quoted; set `quoting: rfc4180`, or `quoting: none`"
    ),
    (
      "textSlabel\n\"oneStwo\"Sa\n", "oneStwo=0",
      "train.txt:2: there are 3 columns, but the header has 2; remove the separator from the text, or quote the cells and set `quoting: rfc4180`; the line looks quoted"
    ),
    (
      "textSlabel\n\"one\ntwo\"Sa\n", "one\ntwo=0",
      "train.txt:2: there is only 1 column, but the header has 2; complete the line or remove it; the line looks quoted"
    ),
    (
      "labelStext\naS\"one\ntwo\"\n", "one\ntwo=0",
      "train.txt:3: there is only 1 column, but the header has 2; complete the line or remove it; the line looks quoted"
    ),
    (
      "textSlabel\n\"one\"Sa\n\"two\"Sb\n", "one=0|two=1",
      "train.txt:2: a text is in quotes in every line: the file looks quoted"
    ),
    ("textSlabel\n\"one\"Sa\ntwoSb\n", "one=0|two=1", "\"one\"=0|two=1"),
    (
      "\"text\"S\"label\"\n\"one\"S\"a\"\n", "one=0",
      "train.txt:1: there is no column `text`; the header has \"text\", \"label\"; the names are in quotes: set `quoting: rfc4180`"
    ),
    (
      "textSlabel\n \"one\"Sa\n", "train.txt:2: the cell ` \"one\"` has a space before its quote",
      " \"one\"=0"
    ),
    (
      "textSlabel\n\"one\" Sa\n", "train.txt:2: there is a space after a closing quote; remove it",
      "\"one\" =0"
    ),
    ("textSlabelStext\noneSaStwo\n", "train.txt:1: the header names `text` twice", nil),
    ("textSlabelSxSx\noneSaStwoSx\n", "one=0", nil),
    (
      "textS label\noneSa\n",
      "train.txt:1: there is no column `label`; the header has text,  label; it has ` label`: remove",
      nil
    ),
    ("textSlabel\noneS\n", "train.txt:2: the label `` is unknown: expected one of a, b", nil),
    ("textSlabel\noneSc\n", "train.txt:2: the label `c` is unknown: expected one of a, b", nil),
    (
      "textSlabel\noneS a\n",
      "train.txt:2: the label ` a` is unknown: expected one of a, b; did you mean `a`?", nil
    ),
    ("textSlabel\none\0Sa\n", "train.txt:2: a value holds the character U+0000", nil),
    ("textSlabel\n", "train.txt: has no examples for the train split", nil),
  ]

  @Test(arguments: [",", "\t", ";", "|", ":"]) func tablesOfEverySeparator(separator: String) throws
  {
    let key = "separator: \"\(separator == "\t" ? "\\t" : separator)\""
    let quoted = try ownTask("tsv", more: "\(key)\nquoting: rfc4180")
    let unquoted = try ownTask("tsv", more: key)
    let plain = try ownTask("csv", more: "\(key)\nquoting: none")
    for (text, ofQuoted, ofUnquoted) in TableFaultTests.tables {
      func filled(_ text: String) -> String {
        text.replacing(/S(?!V)/, with: separator)
      }
      let text = filled(text)
      let other = filled(ofUnquoted ?? ofQuoted)
      expect(try outcome(text, quoted), filled(ofQuoted))
      expect(try outcome(text, unquoted), other)
      // Who says that quotes are characters is believed.
      if other.contains("looks quoted") {
        #expect(!(try outcome(text, plain)).contains("looks quoted"))
      }
    }
  }

  @Test func withoutAHeaderTheFirstLineCounts() throws {
    let more = "header: false"
    let csv = try ownTask("csv", texts: "[2]", label: "1", more: more)
    let tsv = try ownTask("tsv", texts: "[2]", label: "1", more: more)
    for (text, expected) in [
      ("bSone\naStwo\n", "one=1|two=0"),
      ("bSone\naStwoSthree\n", "train.txt:2: there are 3 columns, but the first line has 2"),
      ("bSone\na\n", "train.txt:2: there is only 1 column, but the first line has 2"),
      ("b\n", "train.txt:1: there is no column 2: the first line has 1"),
    ] {
      expect(try outcome(text.replacing("S", with: ","), csv), expected)
      expect(try outcome(text.replacing("S", with: "\t"), tsv), expected)
    }
    // The first line may be the one that has too many.
    for (line, notes) in [
      ("b,one", []), ("b,one,more", ["column 3 is not read"]),
      ("b,one,,", ["columns 3, 4 are not read"]),
    ] {
      try withFiles(["train.txt": line + "\n"]) { folder in
        let found = try csv.read(.train, in: folder).notes
        #expect(found == notes.map { "\(folder)/train.txt: \($0)" })
      }
    }
    expect(
      try outcome("b;one\n", csv),
      "train.txt:1: there is no column 2: the first line has 1; columns seem to be separated by `;`: set `separator: ';'`"
    )
    let test = try ownTask("csv", texts: "[1]", label: "2", more: more)
    expect(try outcome("one\ntwo\n", test, .test), "one|two")
  }

  @Test func otherSeparatorsAreNoticed() throws {
    let (csv, tsv) = (try ownTask("csv"), try ownTask("tsv"))
    let semicolons = try ownTask("csv", more: "separator: semicolon")
    for (text, spec, expected) in [
      (
        "text;label\n\"a, b\";a\n", csv,
        "train.txt:1: there is no column `text`; the header has text;label; columns seem to be separated by `;`: set `separator: ';'`"
      ),
      (
        "id;text,long;label\n1;a,b;a\n", csv,
        "train.txt:1: there is no column `text`; the header has id;text, long;label; columns seem to be separated by `;`"
      ),
      (
        "text\tlabel\none\ta\n", csv,
        "train.txt:1: there is no column `text`; the header has text\\tlabel; columns seem to be separated by tabs: set `separator: tab`"
      ),
      (
        "text,label\none,a\n", tsv,
        "train.txt:1: there is no column `text`; the header has text,label; columns seem to be separated by `,`: set `separator: ','`"
      ),
      (
        "sep=;\ntext;label\none;a\n", csv,
        "train.txt:1: the line says that columns are separated by `;`: set `separator: ';'`"
      ),
      ("sep=;\r\ntext;label\r\none;a\r\none;c\r\n", semicolons, "train.txt:4: the label `c`"),
      ("sep=;\ntext;label\none;a\n", semicolons, "one=0"),
      ("text;label\n\"one; two\";a\n", semicolons, "one; two=0"),
    ] {
      expect(try outcome(text, spec), expected)
    }
    for (wrong, reason) in [
      ("ab", "expected tab, comma, semicolon, pipe, or another"), ("x", "expected tab"),
      ("'\"'", "expected tab"), ("§", "expected tab"), ("[a]", "expected tab"),
    ] {
      let error = try inputError { _ = try ownTask("csv", more: "separator: \(wrong)") }
      #expect(error.reason.hasPrefix("`separator`: \(reason)"), "\(error)")
    }
    for key in ["separator: tab", "quoting: none", "header: true"] {
      let error = try inputError { _ = try ownTask("jsonl", more: key) }
      #expect(error.reason.contains("does not apply to jsonl"))
    }
  }

  private static let good = #"{"text": "one", "label": "a"}"#

  @Test func linesOfJSON() throws {
    let malformed = "train.txt:1: is not JSON Lines (one object per line): "
    let good = TableFaultTests.good
    for (text, expected) in [
      (#"{"text": "one", "label": "a", "more": 1}"#, "one=0"),
      (#"{"label": "a"}"#, "train.txt:1: the field `text` is missing or null"),
      ("\n  \n\t\r\n\(good)\n \n", "one=0"), ("\(good)\r\n\(good)\r\n", "one=0|one=0"),
      ("\(good)\r\(good)\r", "train.txt:1: lines end with a carriage return (CR) alone; convert"),
      ("\(good)\r", "one=0"), ("\u{FEFF}\(good)\n", "one=0"),
      (
        #"{"text": "one", "label": "a", "text": "two"}"#,
        malformed + "the name `text` appears twice at byte 30 of the line"
      ),
      (#"{"text": "one", "label": "a", "x": 1, "x": 2}"#, "one=0"),
      (#"{"text": "one"}"#, "train.txt:1: the field `label` is missing or null"),
      (#"{"text": "one", "label": null}"#, "train.txt:1: the field `label` is missing or null"),
      (
        #"{"text": "one", "label": "c"}"#,
        "train.txt:1: the label `c` is unknown: expected one of a"
      ),
      (#"{"text": "one\u0000", "label": "a"}"#, "train.txt:1: a value holds the character U+0000"),
      ("{\"text\": \"one\0\", \"label\": \"a\"}", malformed + "a control character in a string"),
      (#"{"text": 01, "label": "a"}"#, malformed + "expected a value at byte 9"),
      (#"{"text": +1, "label": "a"}"#, malformed + "expected a value at byte 9"),
      (#"{"text": NaN, "label": "a"}"#, malformed + "expected a value at byte 9"),
      (#"{"text": "\ud83d", "label": "a"}"#, malformed + "half a surrogate pair"),
    ] {
      expect(try outcome(text, ownTask("jsonl")), expected)
    }
  }

  @Test func xml() throws {
    func corpus(_ item: String) -> String { "<x>\n\(item)\n</x>" }
    let right = "asks-for=\"cause\" most-plausible-alternative"
    let parts = "<p>One.</p><a1>A</a1><a2>B</a2>"
    let good = corpus("<item id=\"1\" \(right)=\"2\">\(parts)</item>")
    let read = "One./What was the cause of this?/A/B=1"
    for (text, expected) in [
      (good, read), (corpus("<item \(right)=\"2\">\(parts)<a3>C</a3></item>"), read),
      (
        corpus("<item \(right)=\"2\"><p>One.</p><a1>A</a1></item>"),
        "copa-dev.xml:2: an item lacks one of p, a1 and a2"
      ),
      ("\n\n\(good)\n  \n", read), (good.replacing("\n", with: "\r\n"), read),
      (good.replacing("\n", with: "\r"), read), ("\u{FEFF}\(good)", read),
      (
        corpus("<item \(right)=\"2\" \(right)=\"1\">\(parts)</item>"),
        "copa-dev.xml:2: is not well-formed XML"
      ),
      (
        corpus("<item asks-for=\"cause\">\(parts)</item>"),
        "copa-dev.xml:2: an item has no most-plausible-alternative"
      ),
      (
        corpus("<item \(right)=\"3\">\(parts)</item>"),
        "copa-dev.xml:2: the label `3` is unknown: expected one of 1, 2"
      ),
      (corpus("<item \(right)=\"1\"><p>\0</p></item>"), "copa-dev.xml:2: is not well-formed XML"),
      (
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\(good)",
        "copa-dev.xml:1: declares the encoding `ISO-8859-1` but is UTF-8"
      ),
      // FoundationXML dies of the first.
      (corpus("<?x?>"), "copa-dev.xml:2: holds `<?x?`, but"),
      (corpus("<?xml?>"), "copa-dev.xml:2: holds `<?xml?`, but"),
      (
        "<!DOCTYPE c [<!ENTITY a \"b\">]>\n" + good,
        "copa-dev.xml:1: holds `<!DOCTYPE c [<!ENTIT`, but"
      ),
      (corpus("<!NOTATION n PUBLIC \"n\">"), "copa-dev.xml:2: holds `<!NOTATION n PUBLIC `, but"),
    ] {
      try withTemporaryFolder { folder in
        try put(text.utf8, at: "\(folder)/copa-dev.xml")
        do {
          let spec = try TaskSpec.named("copa")
          #expect(
            try (summary(.train, of: spec, in: folder) + summary(.dev, of: spec, in: folder)) == [
              expected
            ])
        } catch {
          let found = "\(error)".replacing("\(folder)/", with: "")
          // One example is not held out, and a development split without any is refused.
          if expected == read {
            #expect(found.contains("has no examples for the dev split"))
          } else {
            #expect(found.hasPrefix(expected), "\(found)")
          }
        }
      }
    }
  }

  @Test func tenBadLinesAreReportedAtATime() throws {
    let lines =
      ["text,label"] + (1...13).map { $0 == 5 ? "fine,a" : $0 == 7 ? "one,a,more" : "x,c" }
    let text = lines.joined(separator: "\n")
    let found = try outcome(text, ownTask("csv")).split(separator: "\n")
    #expect(found.count == 12)
    #expect(found[0].hasPrefix("train.txt:2: the label `c` is unknown"))
    #expect(found[5].hasPrefix("train.txt:8: there are 3 columns"))
    #expect(found[9].hasPrefix("train.txt:12: the label"))
    #expect(found[10] == "and 2 more bad lines")
    #expect(
      found[11].hasPrefix("12 bad lines: correct them, or leave them out with `damaged: skip`"))
    // The error that ends the reading is reported together with the faults found before it.
    let both = try outcome("text,label\nx,c\n\"x,a\n", ownTask("csv")).split(separator: "\n")
    #expect(both.count == 3 && both[1].hasPrefix("train.txt:3: a quote that opens here is never"))
    // A line with a wrong quote is one of several.
    let quote = try outcome("text,label\n\"x\"y,a\nx,c\n", ownTask("csv")).split(separator: "\n")
    #expect(quote.count == 3 && quote[1].hasPrefix("train.txt:3: the label `c`"))
  }

  @Test func damagedLinesAreLeftOutAndCounted() throws {
    let csv = "text,label\none,a\ntwo,a,x\n\"x\"y,a\n,a\nx,c\nx\0,b\nthree,b\n"
    let good = TableFaultTests.good
    let jsonl =
      "\(good)\n{\"text\": \"so \\ud83d\", \"label\": \"a\"}\n{\"text\": \"\"}\n   \n{\n\(good)\n"
    for split in [TaskSplit.train, .test] {
      for (format, text, count) in [("csv", csv, 5), ("jsonl", jsonl, 3)] {
        let spec = try ownTask(format, more: "damaged: skip")
        try withFiles(["\(split).txt": text]) { folder in
          let contents = try spec.read(split, in: folder)
          #expect(contents.examples.count == 2)
          #expect(contents.leftOut == count)
          // Places are those in the file.
          #expect(contents.examples.map(\.id) == ["0", "\(count + 1)"])
        }
        let refused = try ownTask(format, more: "damaged: refuse")
        #expect(try outcome(text, refused, split).contains("\(count) bad lines"))
      }
    }
    // A line that is no UTF-8 is damaged as any other; a file of them has another encoding.
    for (format, lines) in [
      ("tsv", ["text\tlabel", "one\ta", "\u{FFFF}\tb", "two\tb"]),
      ("jsonl", [good, "{\"text\": \"\u{FFFF}\", \"label\": \"a\"}", good]),
    ] {
      let bytes = lines.joined(separator: "\n").utf8.split(separator: Array("\u{FFFF}".utf8))
        .map(Array.init).joined(separator: [0xFF])
      try withTemporaryFolder { folder in
        try put(bytes, at: "\(folder)/train.txt")
        let spec = try ownTask(format, more: "damaged: skip")
        let contents = try spec.read(.train, in: folder)
        #expect(contents.examples.map(\.id) == ["0", "2"] && contents.leftOut == 1)
        try put([0xFF, 0x0A] + Array(bytes) + [0x0A, 0xFF, 0x0A, 0xFE], at: "\(folder)/train.txt")
        expect(
          try inputError { _ = try spec.read(.train, in: folder) }.description
            .replacing("\(folder)/", with: ""), "train.txt:1: is not UTF-8 but")
      }
    }
    let unclosed = try outcome(
      "text,label\none,a\n\"x,a\ntwo,b\n", ownTask("csv", more: "damaged: skip"))
    expect(unclosed, "train.txt:3: a quote that opens here is never closed")
    let none = try outcome("text,label\none,c\n", ownTask("csv", more: "damaged: skip"))
    expect(
      none, "train.txt: has no examples for the train split; the first line left out: train.txt:2")
    // Examples held out of the training set are counted with it.
    try withFiles(["train.txt": csv + "a,a\nb,b\nc,a\nd,b\n"]) { folder in
      try put(
        """
        name: own
        transformation: classification
        format: csv
        files: {train: train.txt}
        hold-out: 0.5
        texts: text
        label: label
        labels: [a, b]
        damaged: skip
        """.utf8, at: "\(folder)/own.yaml")
      let spec = try TaskSpec.named("\(folder)/own.yaml")
      #expect(try spec.read(.train, in: folder).leftOut == 5)
      #expect(try spec.read(.dev, in: folder).leftOut == 0)
    }
  }
}
