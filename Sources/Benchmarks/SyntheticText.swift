import Foundation
import Kernels

/// Text that looks like English to a tokenizer: sentences and paragraphs of words made of syllables, a few frequent and many rare.
///
/// The frequency of word number r is proportional to 1/r (Zipf). The same seed and size give the same text.
struct SyntheticText {
  private static let onsets = [
    "", "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "w", "st", "th", "tr",
  ]
  private static let vowels = ["a", "e", "i", "o", "u", "ea", "ou", "ai"]
  private static let codas = ["", "", "", "n", "r", "s", "t", "l", "d", "ng", "nd", "ck"]
  private static let differentWords = 20_000

  private let random: Philox
  private var counter: UInt32 = 0
  private let words: [String]

  init(seed: UInt64) {
    let random = Philox(seed: seed)
    self.random = random
    words = (0..<SyntheticText.differentWords).map { SyntheticText.word($0, random) }
  }

  /// Lines of sentences, with at least `bytes` bytes.
  mutating func text(bytes: Int) -> String {
    var text = ""
    text.reserveCapacity(bytes + 512)
    while text.utf8.count < bytes {
      let sentences = 2 + Int(next() * 6)
      for sentence in 0..<sentences {
        if sentence > 0 { text += " " }
        appendSentence(to: &text)
      }
      text += "\n"
    }
    return text
  }

  private mutating func appendSentence(to text: inout String) {
    let count = 4 + Int(next() * 20)
    for place in 0..<count {
      let word = draw()
      text += place == 0 ? word.prefix(1).uppercased() + word.dropFirst() : word
      guard place < count - 1 else { break }
      text += next() < 0.08 ? ", " : " "
    }
    text += next() < 0.1 ? "?" : "."
  }

  /// A word by Zipf's law: the logarithm of its number is uniform.
  private mutating func draw() -> String {
    words[min(words.count, Int(exp(next() * log(Double(words.count + 1))))) - 1]
  }

  /// The next number in 0 ..< 1.
  private mutating func next() -> Double {
    counter += 1
    return SyntheticText.fraction(random.words(SIMD4(counter, 0, 0, 0)).x)
  }

  /// Word `number`; rare words are longer.
  private static func word(_ number: Int, _ random: Philox) -> String {
    let syllables = number < 60 ? 1 : number < 1_500 ? 2 : 3
    return (0..<syllables).map { syllable in
      let words = random.words(SIMD4(UInt32(number), UInt32(syllable), 0, 1))
      return pick(onsets, words.x) + pick(vowels, words.y) + pick(codas, words.z)
    }.joined()
  }

  private static func pick(_ parts: [String], _ word: UInt32) -> String {
    parts[Int(fraction(word) * Double(parts.count))]
  }

  private static func fraction(_ word: UInt32) -> Double { Double(word) / 4_294_967_296 }
}
