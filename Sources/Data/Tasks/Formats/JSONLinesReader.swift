import Files

/// Reads examples out of JSON objects, one a line.
struct JSONLinesReader {
  let fields: TaskFields
  let path: String

  func read(_ text: Span<UInt8>, into builder: inout ExampleBuilder) throws(InputError) {
    var object = JSONFields(fields.names)
    var (start, line) = (0, 0)
    while start < text.count {
      let range = start..<(text.first(UInt8(ascii: "\n"), in: start..<text.count) ?? text.count)
      start = range.upperBound + 1
      line += 1
      if range.isEmpty || range.count == 1 && text[range.lowerBound] == UInt8(ascii: "\r") {
        continue
      }
      let values: [JSONFields.Value?]
      do throws(JSONFields.Malformed) {
        values = try object.values(in: text, range)
      } catch {
        throw InputError(
          "is not JSON Lines, an object a line: \(error.reason) at byte \(error.offset) of the line",
          path: path, line: line)
      }
      if let index = fields.names.indices.first(where: { isMissing($0, in: values, builder) }) {
        try builder.damaged(
          InputError(
            "the field `\(fields.names[index])` is missing or null", path: path, line: line))
        continue
      }
      var texts: [String?] = []
      for (name, value) in zip(fields.names, values) {
        switch value {
        case .text(let text): texts.append(text)
        case nil: texts.append(nil)
        case .composite:
          throw InputError(
            "the field `\(name)` is a list or an object; name one of its own fields, as "
              + "`\(name).0` or `\(name).text`", path: path, line: line)
        }
      }
      let (id, joined, answers, label) = fields.example(texts)
      try builder.add(
        id: id, texts: joined, answers: answers, label: label, path: path, line: line)
    }
  }

  private func isMissing(
    _ index: Int, in values: [JSONFields.Value?], _ builder: ExampleBuilder
  ) -> Bool {
    values[index] == nil && !(fields.names[index] == fields.label && builder.mayLackLabels)
  }
}
