// Longer than 300 lines: the seeds, the reference in Python and the readers belong together.

import Data
import Files
import Foundation
import TestSupport
import Testing
import Tokenization

/// Ten thousand mutated inputs of every format: read, or refused with a clear error; and what Python's csv and json read too is the same.
@Suite struct ReaderFuzzTests {
  /// A build for debugging is twenty times slower.
  #if DEBUG
    private static let count = 1_000
  #else
    private static let count = 10_000
  #endif

  private static let tables = Mutator(
    seeds: [
      "text,label\none,a\ntwo,b\n", "text\tlabel\r\none\ta\r\ntwo\tb\r\n",
      "text,label\n\"one, \"\"two\"\"\nthree\",a\n\"\",b\n\"x\"\t\"y\",\"a\"\n",
      "text\tlabel\n\"Then he left.\ta\nHe said \"\"yes\"\".\tb\n",
    ],
    pieces: [
      "\"", "\"\"", ",", "\t", "\n", "\r\n", "\r", " ", "a", "é", "\u{301}", "😀", ";", "\u{FEFF}",
      "\u{2028}", "\u{A0}", "\"\u{301}", ",\"", "\",", "sep=;\n",
    ])

  private static let objects = Mutator(
    seeds: [
      #"{"text": "one", "label": "a", "q": {"id": 7, "l": [1, "x", {"k": -2.5e3}]}}"#,
      #"{"label": true, "text": "a \"quote\", \\ and \u00e9\ud83d\ude00\n", "q": {"id": null}}"#,
      #"{"text": 12.50, "label": "b", "more": [{"text": []}, "} ] ,"], "q": {"l": []}}"#,
    ],
    pieces: [
      "\"", "\\", "\\u", "\\ud83d", "\\u0000", "{", "}", "[", "]", ",", ":", "1", "0", "-", ".",
      "e",
      "true", "null", "NaN", " ", "\t", "\r", "\u{1}", "é", "\u{301}", "\"text\": ", "\"q\": {",
      "\"id\": 1, ", "\\n", "😀", "01", "+", "\u{7F}",
    ])

  private static let corpora = Mutator(
    seeds: [
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE copa-corpus SYSTEM "copa.dtd">
      <copa-corpus version="1.0">
      <item id="1" asks-for="effect" most-plausible-alternative="1">
        <p>It rained &amp; rained.</p><a1>It was wet.</a1><a2>It was May.</a2>
      </item>
      <item id="2" asks-for="cause" most-plausible-alternative="2"><p>A.</p><a1>B.</a1><a2>C.</a2></item>
      </copa-corpus>
      """
    ],
    pieces: [
      "<", ">", "</", "/>", "\"", "'", "&", "&amp;", "&#0;", "&#x301;", "&x;", "<item>", "</item>",
      "<p>", "</p>", "<a1/>", "<![CDATA[", "]]>", "<!--", "-->", "<!ENTITY x \"xx\">", "\0", "\r",
      " id=\"1\"", "encoding=\"UTF-16\"", "<?x?>", "é",
    ])

  private static let descriptions = Mutator(
    seeds: [
      """
      name: mood
      about: "How is it?"
      transformation: classification
      format: csv
      header: true
      separator: ';'
      quoting: rfc4180
      damaged: skip
      files: {train: train.csv, dev: [a.csv, b.csv]}
      texts: [[subject, body]]
      label: label
      labels: [bad, good]
      metrics:
        - accuracy
      """,
      """
      name: quiz
      transformation: multiple-choice
      format: jsonl
      files:
        train: one.jsonl
      hold-out: 0.25
      texts: [story, [q.start, q.end]]
      answers: [a.0, a.1]
      label: right
      choices: [A, B]
      zero-shot: answers
      """,
    ],
    pieces: [
      "\n", ":", ": ", "-", "- ", "[", "]", "{", "}", ",", "'", "\"", "|", ">", "&a ", "*a",
      "!!int ",
      "#", " ", "\t", "\r", "\0", "%", "@", "---\n", "...\n", "?", "é", "\u{2028}", "<<: ", "1e9",
      "null",
    ])

  /// Settings of the table readers, each with the same setting of Python's csv.
  private static let dialects: [(name: String, separator: UInt8, isQuoted: Bool)] = [
    ("csv", UInt8(ascii: ","), true), ("tsv", UInt8(ascii: "\t"), false),
    ("quoted tsv", UInt8(ascii: "\t"), true), ("unquoted csv", UInt8(ascii: ","), false),
  ]

  private static let paths = ["text", "label", "q.id", "q.l.1", "q.l.2.k", "q"]

  private struct Case: Encodable {
    let kind: String
    let separator: String
    let isQuoted: Bool
    let text: String
  }

  /// Records of cells, or one record of fields; nil for what is refused.
  private typealias Found = [[String]]?

  @Test(.enabled(if: Command.isInstalled("python3"), "python3 is not installed: cluster/setup"))
  func pythonReadsTheSameTables() throws {
    var mutator = ReaderFuzzTests.tables
    let cases = (0..<ReaderFuzzTests.count * 2).map { place in
      let dialect = ReaderFuzzTests.dialects[place % ReaderFuzzTests.dialects.count]
      return Case(
        kind: "table", separator: String(UnicodeScalar(dialect.separator)),
        isQuoted: dialect.isQuoted, text: mutator.next())
    }
    let reference = try python(cases)
    var accepted = 0
    for (given, expected) in zip(cases, reference) {
      let found = records(given)
      // Python accepts lines that end with CR alone; we refuse them.
      if found == nil, expected != nil, given.text.utf8.contains(UInt8(ascii: "\r")) { continue }
      if found != expected {
        Issue.record("\(given.text.debugDescription) \(given.separator.debugDescription)")
      }
      accepted += found == nil ? 0 : 1
    }
    #expect(accepted > ReaderFuzzTests.count / 2)
  }

  @Test(.enabled(if: Command.isInstalled("python3"), "python3 is not installed: cluster/setup"))
  func pythonReadsTheSameFieldsOfObjects() throws {
    var mutator = ReaderFuzzTests.objects
    let cases = (0..<ReaderFuzzTests.count).map { _ in
      Case(
        kind: "object", separator: "", isQuoted: false,
        text: mutator.next().replacing("\n", with: ""))
    }
    let reference = try python(cases)
    var accepted = 0
    for (given, expected) in zip(cases, reference) {
      guard let found = fields(given), let expected else { continue }
      if [found] != expected { Issue.record("\(given.text): \(found), Python has \(expected)") }
      accepted += 1
    }
    #expect(accepted > ReaderFuzzTests.count / 20)
  }

  @Test(.enabled(if: Command.isInstalled("python3"), "python3 is not installed: cluster/setup"))
  func predictionsAreReadBackByPython() throws {
    let ids = [
      "a\tb", "two\nlines", "carriage\rreturn", "\"quoted\"", "a \"b\" c", "", "comma, here",
      "ü\u{2028}",
      "\r\n", "plain", "\"\u{301}",
    ]
    for (name, separator) in [("cola", "\t"), ("snli", "\t"), ("story-cloze", ",")] {
      let spec = try TaskSpec.named(name)
      let text = spec.submissionText(ids: ids, predictions: ids.map { _ in 1 })
      let cases = [Case(kind: "table", separator: separator, isQuoted: true, text: text)]
      let rows = try #require(try python(cases)[0])
      #expect(rows.dropFirst() == ids.map { [$0, spec.files.labels[1]] }[...])
    }
  }

  @Test func everyInputIsReadOrRefusedWithItsPlace() throws {
    try withTemporaryFolder { folder in
      let (csv, tsv, jsonl) = (try ownTask("csv"), try ownTask("tsv"), try ownTask("jsonl"))
      for (file, mutator, read) in [
        ("train.txt", ReaderFuzzTests.tables, { _ = try csv.examples(.train, in: folder) }),
        ("train.txt", ReaderFuzzTests.tables, { _ = try tsv.examples(.train, in: folder) }),
        ("train.txt", ReaderFuzzTests.objects, { _ = try jsonl.examples(.train, in: folder) }),
        (
          "copa-dev.xml", ReaderFuzzTests.corpora,
          { _ = try TaskSpec.named("copa").examples(.train, in: folder) }
        ),
        (
          "own.yaml", ReaderFuzzTests.descriptions,
          { _ = try TaskSpec.named("\(folder)/own.yaml") }
        ),
      ] as [(String, Mutator, () throws -> Void)] {
        var mutator = mutator
        let path = "\(folder)/\(file)"
        for _ in 0..<ReaderFuzzTests.count {
          let text = mutator.next()
          try put(text.utf8, at: path)
          do { try read() } catch let error as InputError {
            let text = "\(error)"
            let isClear =
              text.hasPrefix(path) && text.utf8.count > path.utf8.count + 5
              && !text.utf8.contains { $0 < 32 && $0 != 10 }
            if !isClear { Issue.record("\(text)") }
          }
        }
      }
    }
  }

  /// Inputs that would exhaust a naive reader's stack, memory or time.
  @Test(.timeLimit(.minutes(1))) func hugeInputsAreRefused() throws {
    try withTemporaryFolder { folder in
      let many = 50_000
      let nested = String(repeating: "[", count: many)
      let aliases =
        "a0: &a0 [x]\n" + (1...30).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()
      let entities =
        "<!DOCTYPE x [<!ENTITY e0 \"x\">"
        + (1...30).map { "<!ENTITY e\($0) \"&e\($0 - 1);&e\($0 - 1);\">" }.joined()
        + "]><x><item asks-for=\"cause\"><p>&e30;</p></item></x>"
      let texts = [nested, aliases, entities, String(repeating: "<a>", count: many)]
      let tables = [
        "text,label\n" + String(repeating: ",", count: many) + "\n",
        "text,label\n" + String(repeating: "\r", count: many) + "x\n",
        "text,label\n\"" + String(repeating: "\"\"\n", count: many),
        "text,label\n"
          + String(repeating: "x,\(String(repeating: "y", count: 300))\n", count: many / 20),
      ]
      for (file, texts, task) in [
        ("train.txt", tables + texts, try ownTask("csv")),
        ("train.txt", texts, try ownTask("jsonl")),
        ("copa-dev.xml", texts, try TaskSpec.named("copa")),
      ] {
        for text in texts {
          try put(text.utf8, at: "\(folder)/\(file)")
          let error = try inputError { _ = try task.examples(.train, in: folder) }
          #expect("\(error)".utf8.count < 10_000)
        }
      }
      for text in texts {
        try put(text.utf8, at: "\(folder)/own.yaml")
        #expect(throws: InputError.self) { try TaskSpec.named("\(folder)/own.yaml") }
      }
    }
  }

  private func records(_ given: Case) -> Found {
    var format: DelimitedText = given.isQuoted ? .commas(.line) : .tabs(.line)
    format.separator = given.separator.utf8.first ?? 0
    format.isChecked = true
    let bytes = Array(given.text.utf8)
    var records = DelimitedRecords(format, path: "")
    var found: [[String]] = []
    do {
      while try records.next(in: bytes.span) {
        var cells: [String] = []
        for place in records.cells.indices { cells.append(records.cell(place, of: bytes.span)) }
        if !(cells.count == 1 && cells[0].allSatisfy(\.isASCIIBlank)) { found.append(cells) }
      }
    } catch { return nil }
    return found
  }

  private func fields(_ given: Case) -> [String]? {
    let bytes = Array(given.text.utf8)
    var object = JSONFields(ReaderFuzzTests.paths)
    do {
      return try object.values(in: bytes.span, 0..<bytes.count).map { value in
        switch value {
        case nil: "none"
        case .composite: "composite"
        case .text(let text): "text " + text
        }
      }
    } catch { return nil }
  }

  /// Results of Python's csv and json for `cases`; nil, with a message, if there is no Python.
  private func python(_ cases: [Case]) throws -> [Found] {
    let program = """
      import csv, io, json, sys
      def table(case):
          dialect = dict(delimiter=case["separator"], strict=True,
                         quoting=csv.QUOTE_MINIMAL if case["isQuoted"] else csv.QUOTE_NONE)
          try: rows = list(csv.reader(io.StringIO(case["text"], newline=""), **dialect))
          except csv.Error: return None
          return [r for r in rows if r and not (len(r) == 1 and not r[0].strip(" \\t\\v\\f\\r\\n"))]
      def refuse(constant): raise ValueError(constant)
      def found(value, path):
          for part in path.split("."):
              if isinstance(value, dict): value = value.get(part)
              elif isinstance(value, list): value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
              else: value = None
          if value is None: return "none"
          if isinstance(value, (dict, list)): return "composite"
          return "text " + {True: "true", False: "false"}[value] if isinstance(value, bool) else "text " + value
      def fields(case):
          try:
              value = json.loads(case["text"], parse_float=str, parse_int=str, parse_constant=refuse)
              if not isinstance(value, dict): return None
              values = [found(value, path) for path in sys.argv[3:]]
              for text in values: text.encode()
              return [values]
          except (ValueError, RecursionError): return None
      cases = json.load(open(sys.argv[1], encoding="utf-8"))
      json.dump([table(c) if c["kind"] == "table" else fields(c) for c in cases], open(sys.argv[2], "w"))
      """
    return try withTemporaryFolder { folder in
      try put(try JSONEncoder().encode(cases), at: "\(folder)/cases.json")
      let outcome = try Command(
        ["python3", "-c", program, "\(folder)/cases.json", "\(folder)/found.json"]
          + ReaderFuzzTests.paths
      ).run()
      try #require(outcome.status == 0, "\(outcome.errors)")
      return try json([Found].self, at: "\(folder)/found.json")
    }
  }
}

extension Character {
  fileprivate var isASCIIBlank: Bool { utf8.allSatisfy { $0 == 32 || 9...13 ~= $0 } }
}

/// Makes inputs by changing good ones, the same every time.
struct Mutator {
  let seeds: [String]
  let pieces: [String]
  private var generator = SeededGenerator(seed: 13)

  init(seeds: [String], pieces: [String]) { (self.seeds, self.pieces) = (seeds, pieces) }

  mutating func next() -> String {
    var bytes = Array(seeds[generator.below(seeds.count)].utf8)
    for _ in 0...generator.below(4) {
      let place = generator.below(bytes.count + 1)
      let end = min(bytes.count, place + generator.below(8))
      switch generator.below(6) {
      case 0, 1: bytes.insert(contentsOf: pieces[generator.below(pieces.count)].utf8, at: place)
      case 2: bytes.replaceSubrange(place..<end, with: pieces[generator.below(pieces.count)].utf8)
      case 3: bytes.removeSubrange(place..<end)
      case 4: bytes.insert(contentsOf: bytes[place..<end], at: generator.below(bytes.count + 1))
      default: if generator.below(8) == 0 { bytes.removeSubrange(place...) }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
