import Files
import Tokenization

/// The formats of task files. A new format is a reader beside this file and a case here.
public enum TaskFormat: Sendable, Equatable {
  /// One example per line, or per quoted record.
  case delimited(DelimitedText, TaskFields)
  /// One JSON object per line; fields are paths with dots: `question.stem`, `choices.0.text`.
  case jsonLines(TaskFields)
  /// COPA's XML.
  case copa
  /// A folder of RACE's passages: one JSON object per file, one example per question.
  case race

  /// Reads the file or folder at `path`.
  ///
  /// - Throws: for a file that is missing, in another encoding, or without examples: file, line and reason
  func read(_ path: String, into builder: inout ExampleBuilder) throws(InputError) {
    switch self {
    case .delimited(let format, let fields):
      try readText(path, byLine: !format.isQuoted, into: &builder) {
        (text, builder) throws(InputError) in
        try DelimitedReader(format: format, fields: fields, path: path)
          .read(text, into: &builder)
      }
    case .jsonLines(let fields):
      try readText(path, byLine: true, into: &builder) { text, builder in
        JSONLinesReader(fields: fields, path: path).read(text, into: &builder)
      }
    case .copa:
      try readText(path, byLine: false, into: &builder) { (text, builder) throws(InputError) in
        try CopaReader.read(text, path: path, into: &builder)
      }
    case .race: try RaceReader.read(path, into: &builder)
    }
  }

  /// Reads a text file, in any encoding that `TextFile` knows.
  ///
  /// - Parameter byLine: true if lines stand alone, so that one that is not UTF-8 can be left out; quoted records span lines
  private func readText(
    _ path: String, byLine: Bool, into builder: inout ExampleBuilder,
    _ read: (Span<UInt8>, inout ExampleBuilder) throws(InputError) -> Void
  ) throws(InputError) {
    var notes: [String] = []
    let damaged = byLine && builder.leavesOutDamaged ? DamagedLines() : nil
    try TextFile.withBytes(of: path, tell: { notes.append($0) }, damaged: damaged) {
      (text) throws(InputError) in
      builder.notUTF8 = damaged?.errors ?? []
      try read(text, &builder)
    }
    builder.notes += notes
  }
}
