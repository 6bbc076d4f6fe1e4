import Files

/// Reads examples out of columns.
struct DelimitedReader {
  let format: DelimitedText
  let fields: TaskFields
  let path: String

  func read(_ text: Span<UInt8>, into builder: inout ExampleBuilder) throws(InputError) {
    var records = DelimitedRecords(format, path: path)
    // For each name that is read its column; nil where there is none and need not be.
    var columns: [Int?]?
    var (last, most) = (0, Int.max)
    while try records.next(in: text) {
      if records.isBlank { continue }
      if columns == nil {
        let names = names(in: records, of: text, mayLackLabels: builder.mayLackLabels)
        let places = try locate(names, mayLackLabels: builder.mayLackLabels, line: records.line)
        columns = places
        last = places.compactMap(\.self).max() ?? 0
        if names.isHeader {
          if format.isQuoted { most = names.list.count }
          continue
        }
      }
      let count = records.cells.count
      guard last < count, count <= most else {
        try builder.damaged(wrongCount(count, last: last, most: most, line: records.line))
        continue
      }
      var values: [String?] = []
      for column in columns ?? [] {
        if let column {
          values.append(records.cell(column, of: text))
        } else {
          values.append(nil)
        }
      }
      let (id, texts, answers, label) = fields.example(values)
      try builder.add(
        id: id, texts: texts, answers: answers, label: label, path: path, line: records.line)
    }
  }

  /// The names of the columns, none where they are numbered.
  private typealias Names = (list: [String], isHeader: Bool)

  private func names(
    in records: DelimitedRecords, of text: Span<UInt8>, mayLackLabels: Bool
  ) -> Names {
    var cells: [String] = []
    for index in records.cells.indices { cells.append(records.cell(index, of: text)) }
    switch format.header {
    case .line: return (cells, true)
    case .absent(let names): return (names, false)
    case .detected(let otherwise):
      let tell = fields.texts.flatMap(\.self) + (mayLackLabels ? [] : [fields.label])
      return tell.allSatisfy(cells.contains) ? (cells, true) : (otherwise, false)
    }
  }

  private func locate(
    _ names: Names, mayLackLabels: Bool, line: Int
  ) throws(InputError) -> [Int?] {
    var columns: [Int?] = []
    for name in fields.names {
      if names.list.isEmpty {
        guard let number = Int(name), number > 0 else {
          throw InputError(
            "`\(name)` is no column: without a header, columns are numbers from 1", path: path)
        }
        columns.append(number - 1)
        continue
      }
      let places = names.list.indices.filter { names.list[$0] == name }
      guard places.count < 2 else {
        throw InputError(
          "the header names `\(name)` twice; rename one of the columns", path: path, line: line)
      }
      let isOptional =
        name == fields.label && mayLackLabels || name == fields.id && !names.isHeader
      guard let place = places.first else {
        guard isOptional else {
          throw InputError(
            "there is no column `\(name)`; the header has \(names.list.joined(separator: ", "))"
              + Nearest.suggestion(for: name, among: names.list), path: path, line: line)
        }
        columns.append(nil)
        continue
      }
      columns.append(place)
    }
    return columns
  }

  private func wrongCount(_ count: Int, last: Int, most: Int, line: Int) -> InputError {
    let found = count == 1 ? "1 column" : "\(count) columns"
    let reason =
      count > most
      ? "there are \(found), the header has \(most); quote texts that hold a separator"
      : "there \(count == 1 ? "is" : "are") only \(found), at least \(last + 1) were expected; "
        + "complete the line or remove it"
    return InputError(reason, path: path, line: line)
  }
}

/// Cuts text into records and cells (RFC 4180, or without quotes); lines end with LF or CR LF.
struct DelimitedRecords {
  /// The cells of the record at hand.
  private(set) var cells: [Cell] = []

  /// The line that it begins in, from 1.
  private(set) var line = 0

  /// A cell's bytes, without the quotes around it.
  struct Cell {
    var range: Range<Int>
    var isQuoted = false
    var hasDoubledQuotes = false
  }

  private let separator: UInt8
  private let isQuoted: Bool
  private let path: String
  private var index = 0
  private var nextLine = 1

  init(_ format: DelimitedText, path: String) {
    (separator, isQuoted, self.path) = (format.separator, format.isQuoted, path)
  }

  /// Whether the record is an empty line.
  var isBlank: Bool { cells.count == 1 && cells[0].range.isEmpty && !cells[0].isQuoted }

  /// The text of a cell.
  func cell(_ place: Int, of text: Span<UInt8>) -> String {
    let cell = text.string(cells[place].range)
    return cells[place].hasDoubledQuotes ? cell.replacing("\"\"", with: "\"") : cell
  }

  /// Goes to the next record; false where there is none.
  mutating func next(in text: Span<UInt8>) throws(InputError) -> Bool {
    let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    cells.removeAll(keepingCapacity: true)
    line = nextLine
    guard index < text.count else { return false }
    while true {
      if isQuoted, index < text.count, text[index] == UInt8(ascii: "\"") {
        cells.append(try quotedCell(in: text))
      } else {
        let start = index
        while index < text.count, text[index] != separator, text[index] != lineFeed { index += 1 }
        let endsLine = index == text.count || text[index] == lineFeed
        let hasReturn = endsLine && index > start && text[index - 1] == carriageReturn
        cells.append(Cell(range: start..<(hasReturn ? index - 1 : index)))
      }
      guard index < text.count else { return true }
      let byte = text[index]
      index += 1
      if byte == lineFeed {
        nextLine += 1
        return true
      }
      guard byte == separator else {
        throw InputError(
          "there is text after a closing quote; double the quotes inside of a quoted cell, or say "
            + "`quoting: none` where quotes are characters like others", path: path, line: line)
      }
    }
  }

  /// The cell that opens with the quote at `index`, which goes behind it.
  private mutating func quotedCell(in text: Span<UInt8>) throws(InputError) -> Cell {
    let quote = UInt8(ascii: "\"")
    var cell = Cell(range: 0..<0, isQuoted: true)
    let start = index + 1
    index = start
    while index < text.count {
      if text[index] == UInt8(ascii: "\n") { nextLine += 1 }
      if text[index] == quote {
        guard index + 1 < text.count, text[index + 1] == quote else {
          cell.range = start..<index
          index += 1
          // The end of a line of two bytes is taken for one of one byte.
          if index < text.count, text[index] == UInt8(ascii: "\r"),
            index + 1 == text.count || text[index + 1] == UInt8(ascii: "\n")
          {
            index += 1
          }
          return cell
        }
        cell.hasDoubledQuotes = true
        index += 1
      }
      index += 1
    }
    throw InputError(
      "a quote that opens here is never closed; close it, or say `quoting: none` where quotes are "
        + "characters like others", path: path, line: line)
  }
}
