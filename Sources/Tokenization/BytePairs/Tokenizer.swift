import Files
import Synchronization
import Words

/// GPT-1's tokenizer: OpenAI's standardisation, word splitting, byte-pair encoding.
///
/// Threads can share it; each call borrows working memory, with the words seen so far, from a pool.
public final class Tokenizer: Sendable {
  /// The working memory of one thread.
  private struct Worker {
    var splitter = WordSplitter()
    var cache = WordCache(limit: 1 << 18)
  }

  let encoding: BytePairEncoding

  /// The XXH3-128 hash of all pieces and all merges in order: equal for tokenizers that give equal ids.
  public let fingerprint: String

  private let idle = Mutex<[Worker]>([])

  package init(_ encoding: BytePairEncoding) {
    self.encoding = encoding
    var content: [UInt8] = []
    for piece in encoding.vocabulary.pieces { content += "\(piece.count) ".utf8 + piece }
    for pair in encoding.merges { content += "\(pair.left) \(pair.right)\n".utf8 }
    fingerprint = XXH128.hash(content.span)
  }

  /// Learns a tokenizer with up to `merges` merges from `text`; fewer if no pair of pieces occurs twice any more.
  public static func learn(merges: Int, from text: String) -> Tokenizer {
    var counts = WordCounts()
    counts.add(text: Array(text.utf8).span)
    return Tokenizer(BytePairLearner.learn(merges: merges, from: counts))
  }

  /// The number of merges.
  public var mergeCount: Int { encoding.merges.count }

  /// The number of ids: 0 ..< vocabularySize.
  public var vocabularySize: Int { encoding.vocabulary.pieces.count }

  /// The id of `<unk>`, which replaces every character that is not in the vocabulary.
  public var unknownId: Int32 { encoding.vocabulary.unknownId }

  /// The id of the line break; nil if line breaks are dropped.
  public var newlineId: Int32? { encoding.newlineId }

  /// The piece with `id`, including `</w>`; nil for an id outside the vocabulary.
  public func piece(_ id: Int32) -> String? {
    let pieces = encoding.vocabulary.pieces
    return pieces.indices.contains(Int(id)) ? String(decoding: pieces[Int(id)], as: UTF8.self) : nil
  }

  /// The id of `piece` (`the</w>`), or nil.
  public func id(of piece: String) -> Int32? { encoding.vocabulary.id(of: Array(piece.utf8)) }

  /// The ids of `text`. Line breaks become `newlineId`, except at either end.
  public func encode(_ text: String) -> [Int32] {
    var unknown = UnknownTokens()
    return encode(text, counting: &unknown)
  }

  /// The ids of `text`; counts the unknown ones.
  public func encode(_ text: String, counting unknown: inout UnknownTokens) -> [Int32] {
    let bytes = Array(text.utf8)
    var ids: [Int32] = []
    encode(bytes.span, to: &ids, counting: &unknown)
    return ids
  }

  /// The text of `ids`: the pieces joined, with a space for each `</w>` except at the end, as in Hugging Face's decoder. Ids outside the
  /// vocabulary are read as `<unk>`.
  public func decode(_ ids: [Int32]) -> String {
    let pieces = encoding.vocabulary.pieces
    var text: [UInt8] = []
    for (place, id) in ids.enumerated() {
      let piece = pieces.indices.contains(Int(id)) ? pieces[Int(id)] : Vocabulary.unknown
      let ends = piece.suffix(4).elementsEqual(Vocabulary.endOfWord)
      text += ends ? piece.dropLast(4) : piece[...]
      if ends, place != ids.count - 1 { text.append(UInt8(ascii: " ")) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the ids of `text`, which is valid UTF-8, to `ids`, and counts the unknown ones.
  package func encode(
    _ text: Span<UInt8>, to ids: inout [Int32], counting unknown: inout UnknownTokens
  ) {
    var worker = idle.withLock { $0.popLast() } ?? Worker()
    let standard = Standardise.standardise(text)
    var words = WordList()
    worker.splitter.split(standard.span, into: &words)
    let (first, unknownId) = (ids.count, unknownId)
    words.forEach { word in
      let start = ids.count
      worker.cache.append(word, by: encoding, to: &ids)
      for place in start..<ids.count where ids[place] == unknownId {
        unknown.addUnknown(of: word, by: encoding)
        break
      }
    }
    unknown.add(tokens: ids.count - first)
    idle.withLock { $0.append(worker) }
  }
}
