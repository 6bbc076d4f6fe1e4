import Files
import Words

/// A vocabulary: id i is the i-th piece, and no piece has two ids.
package struct Vocabulary: Sendable, Equatable {
  /// The piece that replaces characters which are not in the vocabulary.
  static let unknown = Array("<unk>".utf8)

  /// The suffix of a piece at the end of a word.
  static let endOfWord = Array("</w>".utf8)

  /// The word that stands for a line break. No merge contains it.
  static let newline = Array("\n</w>".utf8)

  /// The UTF-8 of each piece, by id.
  let pieces: [[UInt8]]

  /// The id of `unknown`.
  let unknownId: Int32

  private let ids: [[UInt8]: Int32]

  /// Creates a vocabulary from the pieces in the order of their ids; nil if a piece appears twice or `<unk>` is missing.
  package init?(_ pieces: [[UInt8]]) {
    var ids: [[UInt8]: Int32] = [:]
    ids.reserveCapacity(pieces.count)
    for (id, piece) in pieces.enumerated() { ids[piece] = Int32(id) }
    guard ids.count == pieces.count, let unknownId = ids[Self.unknown] else { return nil }
    self.pieces = pieces
    self.ids = ids
    self.unknownId = unknownId
  }

  /// The id of `piece`, or nil.
  func id(of piece: [UInt8]) -> Int32? { ids[piece] }

  /// Refuses a vocabulary without `</w>`, with which every word would end in `<unk>`.
  ///
  /// - Parameter path: the file from which it was read
  func requireEndOfWord(path: String) throws(InputError) {
    let ends = pieces.contains {
      $0.suffix(4).elementsEqual(Self.endOfWord) && $0 != Self.newline && $0.count > 4
    }
    guard !ends else { return }
    let isByteLevel = pieces.contains { $0.starts(with: "Ġ".utf8) }
    throw InputError(
      "no piece ends in `</w>`, so this is not a GPT-1 tokenizer"
        + (isByteLevel ? " but a GPT-2 tokenizer, whose pieces begin with `Ġ`" : "")
        + "; use the tokenizer of openai-gpt, or learn one (prepare --train-bpe)",
      path: path)
  }

  /// Refuses merges that do not make all pieces of several characters: no text would be encoded with the others, and words would be split
  /// differently than when the model was trained.
  ///
  /// - Parameter path: the file from which `merges` were read
  func requireAllMerges(_ merges: [Pair], path: String) throws(InputError) {
    var isMade = [Bool](repeating: false, count: pieces.count)
    for pair in merges {
      if let id = id(of: pieces[Int(pair.left)] + pieces[Int(pair.right)]) {
        isMade[Int(id)] = true
      }
    }
    let lost = pieces.indices.filter { !isMade[$0] && Self.needsMerge(pieces[$0]) }
    guard let first = lost.first else { return }
    let shown = String(decoding: pieces[first], as: UTF8.self).reported()
    throw InputError(
      "has \(merges.count) merge\(merges.count == 1 ? "" : "s"), and none of them makes \(lost.count) of the "
        + "\(pieces.count) pieces of the vocabulary, the first of them \(shown) (id \(first)): it was cut short or belongs "
        + "to another vocabulary; use both files of the same tokenizer", path: path)
  }

  /// True if `piece` has several characters and is not a special token such as `<pad>`, `_start_`, `[CLS]`.
  private static func needsMerge(_ piece: [UInt8]) -> Bool {
    let isLast = piece.suffix(4).elementsEqual(endOfWord)
    let text = isLast ? piece.dropLast(4) : piece[...]
    guard text.count > 1, text.span.scalar(at: 0).length < text.count else { return false }
    return !isSpecial(piece)
  }

  /// True if `piece` looks like a token that stands for no text.
  static func isSpecial(_ piece: [UInt8]) -> Bool {
    guard piece.count > 2, let first = piece.first, let last = piece.last else { return false }
    return ["<>", "__", "[]"].contains { $0.utf8.elementsEqual([first, last]) }
  }
}
