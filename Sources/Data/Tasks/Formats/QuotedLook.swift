import Files
import Tokenization

/// Detects a quoted file that is read as unquoted, and quotes in places where they have no meaning, in files of a user's task that does not
/// set `quoting`. For built-in tasks such cells are only counted, because the released files contain texts that look quoted.
struct QuotedLook {
  private let format: DelimitedText
  private let path: String
  /// The number of texts and answers, which come first among the values.
  private let textCount: Int
  /// For each text or answer, true if it was in quotes in every line so far.
  private var alwaysQuoted: [Bool]
  private var lines = 0
  private var firstLine = 0
  /// The texts of a built-in task with quotes around them and doubled quotes inside: their number, and the first one.
  private var oddCount = 0
  private var firstOdd: (line: Int, cell: String)?

  private static let way =
    "looks quoted; set `quoting: rfc4180`, or `quoting: none` if the quotes belong to the text"

  init(_ format: DelimitedText, _ fields: TaskFields, path: String) {
    (self.format, self.path) = (format, path)
    textCount = fields.texts.joined().count + fields.answers.count
    alwaysQuoted = Array(repeating: true, count: textCount)
  }

  private var isWatching: Bool { format.isChecked && !format.isQuoted && !format.saysQuoting }

  /// Refuses a file with a cell that begins and ends with a quote and contains doubled quotes.
  mutating func look(at values: [String?], line: Int) throws(InputError) {
    if !format.isChecked, !format.isQuoted { return count(values.prefix(textCount), line) }
    guard isWatching else { return }
    if lines == 0 { firstLine = line }
    lines += 1
    for (place, value) in values.enumerated() {
      let inside = value.flatMap(QuotedLook.inside)
      if place < textCount, inside == nil { alwaysQuoted[place] = false }
      guard let value, let inside, QuotedLook.doublesQuotes(inside) else { continue }
      throw InputError("the cell \(value.reported()) \(QuotedLook.way)", path: path, line: line)
    }
  }

  package mutating func count(_ values: some Sequence<String?>, _ line: Int) {
    for case let value? in values {
      guard let inside = QuotedLook.inside(value), QuotedLook.doublesQuotes(inside) else {
        continue
      }
      oddCount += 1
      firstOdd = firstOdd ?? (line, value)
    }
  }

  /// A note about the file, or nil.
  var note: String? {
    firstOdd.map { first in
      "\(path):\(first.line): \(oddCount == 1 ? "a text looks" : "\(oddCount) texts look") quoted, "
        + "\(oddCount == 1 ? "" : "the first of them ")\(first.cell.reported()): the quotes are read as a part of the text; "
        + "if another program wrote this file, get the original"
    }
  }

  /// Refuses a file in which a text is in quotes in every line.
  func finish() throws(InputError) {
    guard isWatching, lines > 1, alwaysQuoted.contains(true) else { return }
    throw InputError(
      "a text is in quotes in every line: the file \(QuotedLook.way)", path: path,
      line: firstLine)
  }

  /// A hint from the quotes in a line with too many or too few cells, as the end of a sentence.
  func hint(for records: DelimitedRecords, in text: Span<UInt8>) -> String {
    guard format.isChecked else { return "" }
    if format.isQuoted {
      return records.cells.indices.contains { isSpaceBeforeQuote(records.cells[$0], text) }
        ? "; a quote counts only at the beginning of a cell: remove the space before it" : ""
    }
    // A quote that is opened or closed in another line.
    let quote = UInt8(ascii: "\"")
    let isOpen = records.cells.contains { cell in
      guard let first = cell.range.first, let last = cell.range.last else { return false }
      return (text[first] == quote || text[last] == quote)
        && cell.range.count { text[$0] == quote } % 2 == 1
    }
    return isOpen && isWatching ? "; the line \(QuotedLook.way)" : ""
  }

  /// The error in a cell of a quoted file whose quote follows a space, or nil.
  func spaceBeforeQuote(_ records: DelimitedRecords, in text: Span<UInt8>) -> String? {
    guard format.isChecked, format.isQuoted,
      let cell = records.cells.first(where: { isSpaceBeforeQuote($0, text) }),
      text[cell.range.upperBound - 1] == UInt8(ascii: "\"")
    else { return nil }
    return
      "the cell \(text.string(cell.range).reported()) has a space before its quote, so that the quotes become part of the "
      + "text; remove the space, or quote the whole cell"
  }

  private func isSpaceBeforeQuote(_ cell: DelimitedRecords.Cell, _ text: Span<UInt8>) -> Bool {
    guard !cell.isQuoted, let first = cell.range.first, text[first].isBlank,
      let quote = cell.range.first(where: { !text[$0].isBlank })
    else { return false }
    return text[quote] == UInt8(ascii: "\"") && quote < cell.range.upperBound - 1
  }

  /// The bytes between a quote at the beginning and one at the end; nil if one of them is missing.
  private static func inside(_ value: String) -> Substring.UTF8View? {
    let (bytes, quote) = (value.utf8, UInt8(ascii: "\""))
    guard bytes.count > 1, bytes.first == quote, bytes.last == quote else { return nil }
    return bytes.dropFirst().dropLast()
  }

  /// True if there are quotes and all of them are doubled.
  private static func doublesQuotes(_ inside: Substring.UTF8View) -> Bool {
    var (count, run) = (0, 0)
    for byte in inside {
      if byte == UInt8(ascii: "\"") {
        (count, run) = (count + 1, run + 1)
      } else if run % 2 == 1 {
        return false
      } else {
        run = 0
      }
    }
    return count > 0 && run % 2 == 0
  }
}

extension DelimitedReader {
  private static let separators: [(byte: UInt8, name: String)] = [
    (UInt8(ascii: ","), "comma"), (UInt8(ascii: ";"), "semicolon"), (UInt8(ascii: "\t"), "tab"),
    (UInt8(ascii: "|"), "pipe"),
  ]

  /// The separator in a first line `sep=;`, which Excel reads and writes; nil if there is no such line.
  func separatorLine(_ text: Span<UInt8>) throws(InputError) -> UInt8? {
    let start = text.extracting(0..<min(text.count, 7)).array()
    guard start.starts(with: "sep=".utf8), start.count > 5 || start.count == 5,
      start.count == 5 || start[5] == UInt8(ascii: "\n")
        || start.count > 6 && start[5] == UInt8(ascii: "\r") && start[6] == UInt8(ascii: "\n")
    else { return nil }
    guard start[4] == format.separator else {
      throw InputError(
        "the line says that columns are separated by \(DelimitedReader.saying(start[4]))",
        path: path, line: 1)
    }
    return start[4]
  }

  /// A hint about the separator, as the end of a sentence, if another one would split the first line into more of `names` (or, without
  /// names, into more cells).
  func separatorHint(_ cells: [String], names: [String]) -> String {
    guard format.isChecked else { return "" }
    func found(_ parts: [String]) -> Int {
      guard !names.isEmpty else { return parts.count }
      let parts = Set(parts.map(\.skeleton))
      return names.count { parts.contains($0.skeleton) }
    }
    let line = cells.joined(separator: String(UnicodeScalar(format.separator)))
    let better = DelimitedReader.separators.filter { $0.byte != format.separator }
      .map { separator in
        (separator.byte, found(line.utf8.split(separator: separator.byte).map { String($0) ?? "" }))
      }
      .filter { $0.1 > found(cells) }.max { $0.1 < $1.1 }
    return better.map { "; columns seem to be separated by \(DelimitedReader.saying($0.0))" } ?? ""
  }

  /// The character and the setting for it: `;`: set `separator: ';'`
  private static func saying(_ separator: UInt8) -> String {
    let sign = String(UnicodeScalar(separator))
    guard sign != "\t" else { return "tabs: set `separator: tab`" }
    return "\(sign.reported()): set `separator: '\(sign.shown())'`"
  }
}
