import Files
import Tokenization

/// Cuts text into records and cells (RFC 4180, or without quotes); lines end with LF or CR LF.
package struct DelimitedRecords {
  /// The cells of the current record.
  package private(set) var cells: [Cell] = []

  /// The line in which the record begins, from 1.
  package private(set) var line = 0

  /// True if reading can continue with the next line after an error.
  private(set) var canResume = true

  /// A cell's bytes, without the quotes around it.
  package struct Cell {
    var range: Range<Int>
    var isQuoted = false
    var hasDoubledQuotes = false
  }

  private let format: DelimitedText
  private let path: String
  private var index = 0
  private var nextLine = 1
  private var isFirst = true

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  package init(_ format: DelimitedText, path: String) {
    (self.format, self.path) = (format, path)
  }

  /// True if the record is an empty line, or a line of white space.
  package func isBlank(in text: Span<UInt8>) -> Bool {
    cells.count == 1 && !cells[0].isQuoted && cells[0].range.allSatisfy { text[$0].isBlank }
  }

  /// The text of the cell at `place`.
  package func cell(_ place: Int, of text: Span<UInt8>) -> String {
    let cell = cells[place]
    guard cell.hasDoubledQuotes else { return text.string(cell.range) }
    // By bytes, because Swift treats a quote followed by a combining accent as a different character.
    var (bytes, index) = ([UInt8](), cell.range.lowerBound)
    bytes.reserveCapacity(cell.range.count)
    while index < cell.range.upperBound {
      bytes.append(text[index])
      index += text[index] == DelimitedRecords.quote ? 2 : 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads the next record; returns false at the end of the text.
  package mutating func next(in text: Span<UInt8>) throws(InputError) -> Bool {
    cells.removeAll(keepingCapacity: true)
    line = nextLine
    guard index < text.count else { return false }
    while true {
      let isQuoted =
        format.isQuoted && index < text.count && text[index] == DelimitedRecords.quote
      cells.append(isQuoted ? try quotedCell(in: text) : try plainCell(in: text))
      if let end = end(of: text, from: index) { index = end }
      guard index < text.count else { break }
      let byte = text[index]
      guard byte == DelimitedRecords.lineFeed || byte == format.separator else {
        throw wrong(afterQuote(in: text))
      }
      index += 1
      if byte == DelimitedRecords.lineFeed {
        nextLine += 1
        break
      }
    }
    isFirst = false
    return true
  }

  /// Moves past the line in which `next` found an error.
  mutating func passLine(in text: Span<UInt8>) {
    while index < text.count, text[index] != DelimitedRecords.lineFeed { index += 1 }
    index += 1
    nextLine += 1
  }

  /// Reads the unquoted cell at `index` and moves `index` past it.
  private mutating func plainCell(in text: Span<UInt8>) throws(InputError) -> Cell {
    let start = index
    while index < text.count, text[index] != format.separator,
      text[index] != DelimitedRecords.lineFeed
    {
      guard text[index] == DelimitedRecords.carriageReturn else {
        index += 1
        continue
      }
      guard end(of: text, from: index) == nil else { break }
      guard !format.isChecked, !isFirst else {
        throw wrong(
          "there is a carriage return (CR) without a line feed after it: if lines end with CR alone, convert the file "
            + "with `tr '\\r' '\\n'`; if it is part of a text, remove it"
            + (format.isQuoted ? " or quote the cell" : ""))
      }
      while text[index] == DelimitedRecords.carriageReturn { index += 1 }
    }
    return Cell(range: start..<index)
  }

  /// The place of the line feed or the end of the text, if only carriage returns come before it; otherwise nil.
  private func end(of text: Span<UInt8>, from start: Int) -> Int? {
    var place = start
    while place < text.count, text[place] == DelimitedRecords.carriageReturn { place += 1 }
    return place == text.count || text[place] == DelimitedRecords.lineFeed ? place : nil
  }

  /// Reads the quoted cell whose opening quote is at `index`, and moves `index` past it.
  private mutating func quotedCell(in text: Span<UInt8>) throws(InputError) -> Cell {
    var cell = Cell(range: 0..<0, isQuoted: true)
    let start = index + 1
    index = start
    while index < text.count {
      if text[index] == DelimitedRecords.lineFeed { nextLine += 1 }
      if text[index] == DelimitedRecords.quote {
        guard index + 1 < text.count, text[index + 1] == DelimitedRecords.quote else {
          cell.range = start..<index
          index += 1
          return cell
        }
        cell.hasDoubledQuotes = true
        index += 1
      }
      index += 1
    }
    canResume = false
    throw wrong(
      "a quote that opens here is never closed; close it, or set `quoting: none` if quotes are "
        + "ordinary characters here")
  }

  /// Describes the error in the text between the closing quote before `index` and the next separator.
  private func afterQuote(in text: Span<UInt8>) -> String {
    var place = index
    while place < text.count, text[place] == UInt8(ascii: " ") { place += 1 }
    let isSpace =
      place == text.count || text[place] == format.separator || end(of: text, from: place) != nil
    return isSpace
      ? "there is a space after a closing quote; remove it"
      : "there is text after a closing quote; double the quotes inside a quoted cell, or set "
        + "`quoting: none` if quotes are ordinary characters here"
  }

  private func wrong(_ reason: String) -> InputError {
    InputError(reason, path: path, line: line)
  }
}
