import Data
import Foundation
import TestSupport
import Testing
import Tokenization

/// Byte-pair learning by counting all pairs of all words anew for each merge: slow, and surely right.
private struct NaiveLearner {
  var pieces: [[UInt8]] = []
  var numbers: [[UInt8]: Int] = [:]
  var words: [(pieces: [Int], count: Int)] = []
  var merges: [String] = []
  private var listed: Set<String> = []

  /// - Parameter text: small ASCII letters and spaces
  init(merges wanted: Int, from text: String) {
    var counts: [Substring: Int] = [:]
    for word in text.split(whereSeparator: { " \n".contains($0) }) { counts[word, default: 0] += 1 }
    for (word, count) in counts {
      var numbers = word.utf8.map { number([$0]) }
      numbers[numbers.count - 1] = number(Array(word.utf8.suffix(1)) + "</w>".utf8)
      words.append((numbers, count))
    }
    while merges.count < wanted, let pair = best() { merge(pair) }
  }

  mutating func number(_ piece: [UInt8]) -> Int {
    if let known = numbers[piece] { return known }
    pieces.append(piece)
    numbers[piece] = pieces.count - 1
    return pieces.count - 1
  }

  private func best() -> (Int, Int)? {
    var counts: [Int: Int] = [:]
    for word in words {
      for (left, right) in zip(word.pieces, word.pieces.dropFirst()) {
        counts[left << 32 | right, default: 0] += word.count
      }
    }
    guard let most = counts.values.max(), most > 1 else { return nil }
    let best = counts.filter { $0.value == most }.keys.max { one, other in
      let (a, b) = (pieces[one >> 32], pieces[other >> 32])
      return a != b
        ? a.lexicographicallyPrecedes(b)
        : pieces[one & 0xFFFF_FFFF].lexicographicallyPrecedes(pieces[other & 0xFFFF_FFFF])
    }
    return best.map { ($0 >> 32, $0 & 0xFFFF_FFFF) }
  }

  private mutating func merge(_ pair: (Int, Int)) {
    let line = [pair.0, pair.1].map { String(decoding: pieces[$0], as: UTF8.self) }
      .joined(separator: " ")
    if listed.insert(line).inserted { merges.append(line) }
    let result = number(pieces[pair.0] + pieces[pair.1])
    for index in words.indices {
      words[index].pieces = replacing(pair, by: result, in: words[index].pieces)
    }
  }
}

/// `word` with `pair` replaced from the left.
private func replacing(_ pair: (Int, Int), by result: Int, in word: [Int]) -> [Int] {
  var new: [Int] = []
  var index = 0
  while index < word.count {
    let merges = index + 1 < word.count && (word[index], word[index + 1]) == pair
    new.append(merges ? result : word[index])
    index += merges ? 2 : 1
  }
  return new
}

@Suite struct LongWordTests {
  /// Words of a few letters, some of them thousands long, some of one letter over and over.
  private func text(_ random: inout SeededGenerator) -> String {
    let letters = Array("abcd".utf8).prefix(Int.random(in: 1...4, using: &random))
    var words = (0..<Int.random(in: 1...30, using: &random)).map { index in
      // Lengths on both sides of where a word is linked.
      let length = index < 2 ? Int.random(in: 400...1_200, using: &random) : index * index / 4 + 1
      let isRun = Int.random(in: 0..<4, using: &random) == 0
      let letter = letters.randomElement(using: &random) ?? 0x61
      let bytes = (0..<length).map { _ in
        isRun ? letter : letters.randomElement(using: &random) ?? letter
      }
      return String(decoding: bytes, as: UTF8.self)
    }
    words += words.prefix(Int.random(in: 0...words.count, using: &random))
    return words.joined(separator: " ")
  }

  private func savedMerges(_ tokenizer: Tokenizer) throws -> [String] {
    try withTemporaryFolder { folder in
      try tokenizer.save(to: folder)
      let text = try String(contentsOfFile: "\(folder)/merges.txt", encoding: .utf8)
      return text.split(separator: "\n").dropFirst().map(String.init)
    }
  }

  @Test func mergesAreThoseOfANaiveLearner() throws {
    var random = SeededGenerator(seed: 20)
    for round in 0..<12 {
      let text = text(&random)
      let expected = NaiveLearner(merges: 50, from: text).merges
      #expect(
        try savedMerges(Tokenizer.learn(merges: 50, from: text)) == expected, "round \(round)")
    }
  }

  @Test func idsOfLongWordsAreThoseOfNaiveRounds() throws {
    var random = SeededGenerator(seed: 21)
    for round in 0..<8 {
      let text = text(&random)
      try withTemporaryFolder { folder in
        try Tokenizer.learn(merges: 60, from: text).save(to: folder)
        // In another order than learned, new pairs may come before those at hand.
        let merges = try savedMerges(Tokenizer.load(folder: folder))
        let shuffled = round % 2 == 0 ? merges : merges.shuffled(using: &random)
        try put((shuffled.joined(separator: "\n") + "\n").utf8, at: "\(folder)/merges.txt")
        let tokenizer = try Tokenizer.load(folder: folder)
        func number(_ piece: Substring) throws -> Int {
          Int(try #require(tokenizer.id(of: String(piece))))
        }
        let pairs = try shuffled.map { line in
          let parts = line.split(separator: " ")
          return (
            (try number(parts[0]), try number(parts[1])), try number(parts[0] + parts[1])
          )
        }
        let word = try #require(text.split(separator: " ").max { $0.count < $1.count })
        var expected = try word.dropLast().map { try number("\($0)") }
        expected.append(try number(word.suffix(1) + "</w>"))
        while let best = pairs.first(where: { (pair, _) in
          zip(expected, expected.dropFirst()).contains { $0 == pair }
        }) {
          expected = replacing(best.0, by: best.1, in: expected)
        }
        #expect(tokenizer.encode(String(word)).map(Int.init) == expected, "round \(round)")
      }
    }
  }

  /// 100,000 letters without a space: each merge would cost them all.
  @Test(.timeLimit(.minutes(1))) func anEndlessWordIsLearnedAndEncoded() {
    var random = SeededGenerator(seed: 22)
    let letters = Array("acgt".utf8)
    let word = String(
      decoding: (0..<100_000).map { _ in letters[Int.random(in: 0..<4, using: &random)] },
      as: UTF8.self)
    let tokenizer = Tokenizer.learn(merges: 2_000, from: word)
    #expect(tokenizer.mergeCount == 2_000)
    let ids = tokenizer.encode(word)
    #expect(ids.count < 25_000)
    #expect(tokenizer.decode(ids) == word)
  }
}
