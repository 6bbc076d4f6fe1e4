import Files

/// Reads examples from text in columns.
struct DelimitedReader {
  let format: DelimitedText
  let fields: TaskFields
  package let path: String

  /// The columns of the values.
  package struct Table {
    /// For each name, its column; nil if an optional column is missing.
    var columns: [Int?]
    /// The number of cells per line.
    package var count: Int
    /// The source of the number of columns, for messages: `the header has`.
    var source: String
  }

  func read(_ text: Span<UInt8>, into builder: inout ExampleBuilder) throws(InputError) {
    var records = DelimitedRecords(format, path: path)
    var quotes = QuotedLook(format, fields, path: path)
    if format.isChecked, let line = try separatorLine(text) {
      records.passLine(in: text)
      precondition(line == format.separator, "another separator is refused")
    }
    var found: Table?
    while true {
      do throws(InputError) {
        guard try records.next(in: text) else { break }
      } catch {
        guard found != nil, records.canResume else { throw error }
        builder.damaged(error)
        records.passLine(in: text)
        continue
      }
      if records.isBlank(in: text) {
        builder.passBlank(line: records.line)
        continue
      }
      guard let table = found else {
        let (table, isHeader) = try table(
          of: records, in: text, mayLackLabels: builder.mayLackLabels)
        found = table
        if !isHeader, let note = unreadColumns(of: table) { builder.notes.append(note) }
        if !isHeader { try example(records, text, table, &quotes, into: &builder) }
        continue
      }
      try example(records, text, table, &quotes, into: &builder)
    }
    try quotes.finish()
    if let note = quotes.note { builder.notes.append(note) }
  }

  /// Adds the example in the current record.
  private func example(
    _ records: DelimitedRecords, _ text: Span<UInt8>, _ table: Table, _ quotes: inout QuotedLook,
    into builder: inout ExampleBuilder
  ) throws(InputError) {
    let count = records.cells.count
    guard count == table.count || count > table.count && format.hasSurplus else {
      return builder.damaged(
        InputError(
          wrongCount(count, table) + quotes.hint(for: records, in: text), path: path,
          line: records.line))
    }
    let values = table.columns.map { $0.map { records.cell($0, of: text) } }
    try quotes.look(at: values, line: records.line)
    if let reason = quotes.spaceBeforeQuote(records, in: text) {
      return builder.damaged(InputError(reason, path: path, line: records.line))
    }
    let (id, texts, answers, label) = fields.example(values)
    builder.add(
      id: id, texts: texts, answers: answers, label: label, path: path, line: records.line)
  }

  /// A note about columns that the task file does not name, for a table without a header: a text may contain the separator.
  private func unreadColumns(of table: Table) -> String? {
    guard format.isChecked else { return nil }
    let unread = (0..<table.count).filter { !table.columns.contains($0) }.map { "\($0 + 1)" }
    guard let first = unread.first else { return nil }
    return unread.count == 1
      ? "\(path): column \(first) is not read"
      : "\(path): columns \(unread.joined(separator: ", ")) are not read"
  }

  private func wrongCount(_ count: Int, _ table: Table) -> String {
    let found = count == 1 ? "1 column" : "\(count) columns"
    guard count > table.count else {
      return
        "there \(count == 1 ? "is" : "are") only \(found), but \(table.source) \(table.count); "
        + "complete the line or remove it"
    }
    return "there are \(found), but \(table.source) \(table.count); "
      + (format.isQuoted
        ? "put texts that contain a separator in quotes"
        : "remove the separator from the text, or quote the cells and set `quoting: rfc4180`")
  }

  /// The columns according to the first record, and true if that record is a header.
  package func table(
    of records: DelimitedRecords, in text: Span<UInt8>, mayLackLabels: Bool
  ) throws(InputError) -> (Table, isHeader: Bool) {
    let first = records.cells.indices.map { records.cell($0, of: text) }
    switch format.header {
    case .line:
      return (try named(first, first, isHeader: true, mayLackLabels, records.line), true)
    case .absent([]):
      return (try numbered(first, mayLackLabels, records.line), false)
    case .absent(let names):
      return (try named(names, first, isHeader: false, mayLackLabels, records.line), false)
    case .detected(let otherwise):
      let tell = fields.texts.flatMap(\.self) + (mayLackLabels ? [] : [fields.label])
      let isHeader = tell.allSatisfy(first.contains)
      let names = isHeader ? first : otherwise
      return (
        try named(names, first, isHeader: isHeader, mayLackLabels, records.line), isHeader
      )
    }
  }

  /// The columns of a file without a header, numbered from 1.
  private func numbered(
    _ first: [String], _ mayLackLabels: Bool, _ line: Int
  ) throws(InputError) -> Table {
    var columns: [Int?] = []
    for name in fields.names {
      guard let number = Int(name), number > 0 else {
        throw InputError(
          "\(name.reported()) is not a column: without a header, name columns by their numbers from 1",
          path: path)
      }
      if number > first.count, name == fields.label, mayLackLabels {
        columns.append(nil)
        continue
      }
      guard number <= first.count else {
        throw InputError(
          "there is no column \(number): the first line has \(first.count)"
            + separatorHint(first, names: []), path: path, line: line)
      }
      columns.append(number - 1)
    }
    return Table(columns: columns, count: first.count, source: "the first line has")
  }

  /// The columns of a file whose columns have the given `names`, in order.
  private func named(
    _ names: [String], _ first: [String], isHeader: Bool, _ mayLackLabels: Bool, _ line: Int
  ) throws(InputError) -> Table {
    var names = names
    if !isHeader, mayLackLabels, names.last == fields.label, first.count == names.count - 1 {
      names.removeLast()
    }
    var columns: [Int?] = []
    for name in fields.names {
      let places = names.indices.filter { names[$0] == name }
      guard places.count < 2 else {
        throw InputError(
          "the header names \(name.reported()) twice; rename one of the columns", path: path,
          line: line)
      }
      let isOptional = name == fields.label && mayLackLabels || name == fields.id && !isHeader
      guard places.first != nil || isOptional else {
        let listed = names.prefix(20).map { $0.shown(besides: [name]) }.joined(separator: ", ")
        throw InputError(
          "there is no column \(name.reported()); the header has \(listed)"
            + (names.count > 20 ? " and \(names.count - 20) others" : "")
            + columnHint(name, among: names), path: path, line: line)
      }
      columns.append(places.first)
    }
    return Table(
      columns: columns, count: names.count, source: isHeader ? "the header has" : "the task has")
  }

  /// The likely reason why a column was not found, with advice, as the end of a sentence.
  private func columnHint(_ name: String, among names: [String]) -> String {
    let separator = separatorHint(names, names: fields.names)
    if !separator.isEmpty { return separator }
    if let near = names.first(where: { $0.skeleton == name.skeleton }) {
      let isQuoted = !format.isQuoted && near.utf8.first == UInt8(ascii: "\"")
      return isQuoted
        ? "; the names are in quotes: set `quoting: rfc4180`"
        : "; it has \(near.reported(besides: [name])): "
          + (near.contains(name)
            ? "remove what surrounds the name there, or write it the same way in the task file"
            : "spell both the same way")
    }
    return Nearest.suggestion(for: name, among: names)
  }
}
