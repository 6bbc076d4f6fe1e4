import Files
import Tokenization

/// The text files of a corpus, read in pieces that do not depend on the number of threads.
///
/// A **block** is the unit of the validation split: whole lines, at least `blockBytes` of one file. A line that continues for another
/// `longLine` bytes is cut at a space. A **chunk** is the group of blocks that one thread processes at a time.
struct Corpus {
  let sources: [DatasetInfo.Source]

  private static let readBytes = 1 << 20
  private static let longLine = 1 << 20

  /// The reader of the text field of JSON Lines; nil for plain text.
  let json: JSONLinesText?

  /// Sentences about inputs that were skipped or look unusual.
  package let notes: [String]

  /// Inputs that can be read only once, by path; they stay open.
  private let streams: [String: FileReader]

  /// Collects the files of `inputs` in the given order. A folder stands for every `.txt` file below it (with a field: `.jsonl` and
  /// `.ndjson`), sorted by path, except hidden files and files in `out`. An input in `out` is refused, because `out` is going to be
  /// replaced. An input that is given twice is read once.
  init(inputs: [String], out: String, field: String? = nil) throws(InputError) {
    let found = try CorpusFiles(
      inputs, out: out, endings: field == nil ? [".txt"] : [".jsonl", ".ndjson"])
    var sources: [DatasetInfo.Source] = []
    var streams: [String: FileReader] = [:]
    var pages: [String] = []
    var documents: [String] = []
    for path in found.paths {
      let reader = try FileReader(reading: path)
      if reader.isCopy { streams[path] = reader }
      sources.append(DatasetInfo.Source(path: path, bytes: reader.size))
      switch try Corpus.kind(reader, for: field == nil ? .prose : .jsonLines) {
      case .html: pages.append(path)
      case .xml: documents.append(path)
      default: break
      }
    }
    json = field.map { JSONLinesText(field: $0) }
    self.sources = sources
    self.streams = streams
    notes =
      found.notes
      + TextFolder.PassedOver.note(
        pages, "file is an HTML page, whose tags are read as text",
        "files are HTML pages, whose tags are read as text")
      + TextFolder.PassedOver.note(
        documents, "file is an XML document, whose tags are read as text",
        "files are XML documents, whose tags are read as text")
  }

  /// Returns the kind of a file, judged by its beginning; refuses a file that is not text.
  private static func kind(
    _ reader: FileReader, for use: TextUse
  ) throws(InputError) -> ContentKind {
    let count = min(reader.size, ContentKind.beginning)
    let beginning = try reader.read(UInt8.self, at: 0, count: count)
    let kind = ContentKind.of(beginning.span, isWhole: count == reader.size)
    if let refusal = kind.refusal(for: use, path: reader.path, bytes: beginning.span) {
      throw refusal
    }
    return kind
  }

  /// The size of all files, in bytes.
  var bytes: Int { sources.reduce(0) { $0 + $1.bytes } }

  /// Consecutive blocks of one file.
  struct Chunk: Sendable {
    /// The bytes of all blocks.
    var bytes: [UInt8]
    /// The blocks within `bytes`, end to end.
    var blocks: [Range<Int>]
    /// The number of the first block within the corpus.
    var firstBlock: Int
    /// The path of the file.
    package var path: String
    /// The offset of `bytes` in the file.
    var offset: Int
    /// The line in which `bytes` begin, from 1.
    var line: Int
  }

  /// Calls `body` with every chunk, in order.
  func forEachChunk(
    blockBytes: Int, _ body: (Chunk) throws -> Void
  ) throws {
    var block = 0
    for source in sources {
      let reader = try open(source.path)
      var chunk = Chunk(
        bytes: [], blocks: [], firstBlock: block, path: source.path, offset: 0, line: 1)
      var position = 0
      while position < reader.size {
        // Reads at least as much as is left over, so that a long line is not searched again and again.
        let count = min(reader.size - position, max(Self.readBytes, chunk.bytes.count))
        chunk.bytes += try reader.read(UInt8.self, at: position, count: count)
        position += count
        chunk.blocks = Self.blocks(
          in: chunk.bytes.span, blockBytes: blockBytes,
          longLine: json == nil ? Self.longLine : Int.max / 2, isWhole: position == reader.size)
        guard let end = chunk.blocks.last?.upperBound else { continue }
        let rest = Array(chunk.bytes[end...])
        chunk.bytes.removeLast(chunk.bytes.count - end)
        try body(chunk)
        chunk.line += chunk.bytes.count { $0 == UInt8(ascii: "\n") }
        chunk.offset += end
        chunk.firstBlock += chunk.blocks.count
        chunk.bytes = rest
      }
      block = chunk.firstBlock
    }
  }

  private func open(_ path: String) throws(InputError) -> FileReader {
    if let stream = streams[path] { return stream }
    return try FileReader(path)
  }

  /// The blocks whose end is known; all blocks if `bytes` reach the end of the file.
  private static func blocks(
    in bytes: Span<UInt8>, blockBytes: Int, longLine: Int, isWhole: Bool
  ) -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    var start = 0
    while start < bytes.count {
      var index = start + blockBytes - 1
      let limit = start + blockBytes + longLine
      while index < bytes.count, bytes[index] != UInt8(ascii: "\n"),
        index < limit || bytes[index] != UInt8(ascii: " ")
      {
        index += 1
      }
      guard index < bytes.count || isWhole else { break }
      let end = min(index + 1, bytes.count)
      blocks.append(start..<end)
      start = end
    }
    return blocks
  }
}

extension Corpus.Chunk {
  /// Calls `body` with the text of each block, in order, without a byte-order mark at the beginning of the file. For JSON Lines, the text
  /// is that of the field, one line per object.
  func forEachText(
    _ json: JSONLinesText?, _ body: (Span<UInt8>) -> Void
  ) throws(InputError) {
    let mark = offset == 0 ? bytes.span.utf8MarkLength : 0
    var line = line
    for block in blocks {
      let start = min(max(block.lowerBound, mark), block.upperBound)
      guard let json else {
        body(bytes.span.extracting(start..<block.upperBound))
        continue
      }
      var text: [UInt8] = []
      try json.forEachText(in: bytes.span, start..<block.upperBound, path: path, firstLine: line) {
        text += $0
        text.append(UInt8(ascii: "\n"))
      }
      body(text.span)
      line += bytes.span.extracting(block).lines(before: block.count)
    }
  }

  /// The error in the encoding of the text, or nil.
  func invalidText() -> InputError? {
    TextFile.encodingError(in: bytes.span, path: path, offset: offset, firstLine: line)
  }
}
