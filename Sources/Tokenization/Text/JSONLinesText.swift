import Files
import Foundation

/// Reads one field of JSON objects, one object per line; each field is a separate text.
public struct JSONLinesText: Sendable {
  /// The name of the field; a field within another is a path with dots, `document.text`.
  let field: String

  /// Creates a reader of `field`.
  public init(field: String) { self.field = field }

  /// The texts of the file at `path`, in order.
  public func texts(of path: String) throws(InputError) -> [String] {
    try TextFile.withBytes(of: path, for: .jsonLines) { (bytes) throws(InputError) in
      var texts: [String] = []
      try forEachText(in: bytes, 0..<bytes.count, path: path, firstLine: 1) {
        texts.append($0.span.string(0..<$0.count))
      }
      return texts
    }
  }

  /// Calls `body` with the UTF-8 of each line's text; blank lines are skipped.
  ///
  /// - Parameter firstLine: the line in which `range` begins
  /// - Throws: if a line is not an object, or its field is missing or not a string
  package func forEachText(
    in text: Span<UInt8>, _ range: Range<Int>, path: String, firstLine: Int,
    _ body: ([UInt8]) -> Void
  ) throws(InputError) {
    var fields = JSONFields([field])
    var (start, line) = (range.lowerBound, firstLine - 1)
    while start < range.upperBound {
      let end = text.first(UInt8(ascii: "\n"), in: start..<range.upperBound) ?? range.upperBound
      let object = start..<end
      start = end + 1
      line += 1
      if isBlank(text, object) { continue }
      let value: JSONFields.Value?
      do throws(JSONFields.Malformed) { value = try fields.values(in: text, object)[0] } catch {
        throw InputError(
          "is not JSON Lines (one object per line): \(error.reason) at byte \(error.offset) of the line",
          path: path, line: line)
      }
      guard case .text(let found)? = value, fields.isString[0] else {
        throw InputError(complaint(value, text, object), path: path, line: line)
      }
      body(Array(found.utf8))
    }
  }

  private func isBlank(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
    for place in range where !ContentKind.isSpace(text[place]) { return false }
    return true
  }

  private func complaint(
    _ value: JSONFields.Value?, _ text: Span<UInt8>, _ object: Range<Int>
  ) -> String {
    switch value {
    case .composite:
      return "the field `\(field)` is a list or an object, not a string; name a field inside it, "
        + "as --field \(field).text"
    case .text(let found):
      return "the field `\(field)` is \(found), not a string; name the field that holds the text"
    case nil:
      // The line has been read before, so it is JSON; if parsing fails, the message has no names.
      let whole = try? JSONSerialization.jsonObject(
        with: Foundation.Data(text.extracting(object).array()))
      let names = (whole as? [String: Any])?.keys.sorted() ?? []
      if names.contains(field) {
        return "the field `\(field)` is null, not a string; give it a text, or remove the line"
      }
      let known = names.isEmpty ? "" : "; the object has \(names.joined(separator: ", "))"
      return "the field `\(field)` is missing or null" + known
        + Nearest.suggestion(for: field, among: names)
    }
  }
}
