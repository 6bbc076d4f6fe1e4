import Files
import Tokenization

/// Reads examples from JSON objects, one per line.
struct JSONLinesReader {
  let fields: TaskFields
  package let path: String

  func read(_ text: Span<UInt8>, into builder: inout ExampleBuilder) {
    var object = JSONFields(fields.names)
    var (start, line) = (0, 0)
    while start < text.count {
      let range = start..<(text.first(UInt8(ascii: "\n"), in: start..<text.count) ?? text.count)
      start = range.upperBound + 1
      line += 1
      if range.allSatisfy({ text[$0].isBlank }) {
        builder.passBlank(line: line)
        continue
      }
      let values: [JSONFields.Value?]
      do throws(JSONFields.Malformed) {
        values = try object.values(in: text, range)
      } catch {
        builder.damaged(InputError(complaint(error, text, range), path: path, line: line))
        continue
      }
      if let reason = unfit(values, mayLackLabels: builder.mayLackLabels) {
        builder.damaged(InputError(reason, path: path, line: line))
        continue
      }
      let texts = values.map { value -> String? in
        if case .text(let text) = value { text } else { nil }
      }
      let (id, joined, answers, label) = fields.example(texts)
      builder.add(id: id, texts: joined, answers: answers, label: label, path: path, line: line)
    }
  }

  /// The reason why an object is not an example, or nil.
  private func unfit(_ values: [JSONFields.Value?], mayLackLabels: Bool) -> String? {
    for (name, value) in zip(fields.names, values) {
      switch value {
      case nil where name != fields.label || !mayLackLabels:
        return "the field \(name.reported()) is missing or null"
      case .composite:
        return
          "the field \(name.reported()) is a list or an object; name a field inside it, as "
          + "`\(name.shown()).0` or `\(name.shown()).text`"
      default: continue
      }
    }
    return nil
  }

  private func complaint(
    _ error: JSONFields.Malformed, _ text: Span<UInt8>, _ range: Range<Int>
  ) -> String {
    let place = range.lowerBound + error.offset
    // To JSON, CR is white space; to a program that ends lines with CR alone, it is the end of a
    // line.
    let isSecond =
      error.reason == "expected the end of the line"
      && text.first(UInt8(ascii: "\r"), in: range.lowerBound..<place) != nil
    return isSecond
      ? "lines end with a carriage return (CR) alone; convert the file with `tr '\\r' '\\n'`"
      : "is not JSON Lines (one object per line): \(error.reason) at byte \(error.offset) of the line"
  }
}
