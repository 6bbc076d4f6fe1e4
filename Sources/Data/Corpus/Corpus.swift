import Files
import Foundation

/// The text files of a corpus, read in pieces that are the same whoever reads them.
///
/// A **block** is the unit of the validation split: whole lines, at least `blockBytes` of one file. A line that goes on for
/// `longLine` bytes more is cut at white space. A **chunk** is the blocks that one thread works on at a time.
struct Corpus {
  let sources: [DatasetInfo.Source]

  private static let readBytes = 1 << 20
  private static let longLine = 1 << 20

  /// The files of `inputs` in the order given; a folder stands for every `.txt` below it, sorted by path, without hidden ones and
  /// without those in `out`, which is going to be replaced: an input that lies there is refused.
  init(inputs: [String], out: String) throws(InputError) {
    var paths: [String] = []
    let out = Array((Path.resolved(out) + "/").utf8)
    func isReplaced(_ path: String) -> Bool { "\(Path.resolved(path))/".utf8.starts(with: out) }
    for input in inputs {
      guard Path.exists(input) else {
        throw InputError("there is no such file or folder; check --input", path: input)
      }
      guard !isReplaced(input) else {
        throw InputError(
          "lies in the folder that --out names, which is replaced as a whole; move the text out of "
            + "it or choose another --out", path: input)
      }
      guard Path.isFolder(input) else {
        paths.append(input)
        continue
      }
      let found = try FolderCommit.files(in: input).filter { file in
        file.hasSuffix(".txt") && !file.split(separator: "/").contains { $0.hasPrefix(".") }
      }.map { "\(Path.trimmed(input))/\($0)" }.filter { !isReplaced($0) }
      guard !found.isEmpty else {
        throw InputError("holds no .txt file; give text files or their folder", path: input)
      }
      paths += found
    }
    var sources: [DatasetInfo.Source] = []
    for path in paths {
      sources.append(DatasetInfo.Source(path: path, bytes: try FileReader(path).size))
    }
    self.sources = sources
  }

  /// The bytes of all files.
  var bytes: Int { sources.reduce(0) { $0 + $1.bytes } }

  /// Some blocks of one file.
  struct Chunk: Sendable {
    /// The bytes of all blocks.
    var bytes: [UInt8]
    /// The blocks within `bytes`, end to end.
    var blocks: [Range<Int>]
    /// The number of the first block in the corpus.
    var firstBlock: Int
    /// The file.
    var path: String
    /// The offset of `bytes` in the file.
    var offset: Int
    /// The line that `bytes` begins in.
    var line: Int
  }

  /// Calls `body` with all chunks, in order.
  func forEachChunk(
    blockBytes: Int, _ body: (Chunk) throws -> Void
  ) throws {
    var block = 0
    for source in sources {
      let reader = try FileReader(source.path)
      var chunk = Chunk(
        bytes: [], blocks: [], firstBlock: block, path: source.path, offset: 0, line: 1)
      var position = 0
      while position < reader.size {
        // As much again as what is left over: a long line is not searched over and over.
        let count = min(reader.size - position, max(Self.readBytes, chunk.bytes.count))
        chunk.bytes += try reader.read(UInt8.self, at: position, count: count)
        position += count
        chunk.blocks = Self.blocks(
          in: chunk.bytes.span, blockBytes: blockBytes, isWhole: position == reader.size)
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

  /// The blocks whose end can be known: all, where `bytes` reach to the end of the file.
  private static func blocks(
    in bytes: Span<UInt8>, blockBytes: Int, isWhole: Bool
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
  /// What is wrong with the text, or nil.
  func invalidText() -> InputError? {
    guard let index = bytes.span.firstInvalidUTF8() else { return nil }
    let line = line + bytes[..<index].count { $0 == UInt8(ascii: "\n") }
    let byte = String(bytes[index], radix: 16, uppercase: true)
    return InputError(
      "byte \(offset + index) of the file (0x\(byte)) is not valid UTF-8; convert the file "
        + "(iconv -f LATIN1 -t UTF-8, say)", path: path, line: line)
  }
}
