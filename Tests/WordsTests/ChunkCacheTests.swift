import Testing
import Words

@Suite struct ChunkCacheTests {
  /// Ids that depend on all bytes of a chunk.
  private func ids(_ chunk: Span<UInt8>) -> [Int32] {
    chunk.indices.map { Int32(chunk[$0]) + 1000 * Int32($0) }
  }

  /// Chunks of 1 to 40 letters, most of which recur.
  private func text() -> [UInt8] {
    var words: [String] = []
    for number in 0..<3_000 {
      let letters = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz".dropFirst(number % 7)
      words.append(letters.prefix(1 + number * 31 % 40) + String(number % 500))
    }
    return Array(words.joined(separator: " ").utf8)
  }

  @Test(arguments: [1, 2, 100, 1 << 18])
  func aCacheOfAnySizeGivesTheIdsOfItsChunks(_ limit: Int) {
    let text = text()
    var (cache, encoded) = (ChunkCache(limit: limit), 0)
    for _ in 0..<2 {
      var (found, expected): ([Int32], [Int32]) = ([], [])
      StandardText.forEachChunk(of: text.span) { chunk in
        expected += ids(text.span.extracting(chunk))
        cache.append(chunk, of: text.span, to: &found) {
          encoded += 1
          return ids($0)
        }
      }
      #expect(found == expected)
    }
    // With room for all, every chunk is encoded once.
    if limit > 3_000 { #expect(encoded == Set(text.split(separator: 0x20)).count) }
  }
}
