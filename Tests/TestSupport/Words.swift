/// The words of a command line.
public func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

/// Sentences from a fixed list of words.
public enum Corpus {
  private static let vocabulary = words(
    """
    the a old young king queen horse river night walked saw found under over bright dark stone \
    house and then with hand light road said she he it was never long gold sea wind tree bird song \
    winter summer door garden mother father brother sister window mountain forest village evening \
    morning quickly slowly silver letter shadow thunder travel wonder answer remember forget \
    whisper candle kitchen bread butter carry follow beneath between without against
    """)

  /// The same text for the same seed.
  public static func text(sentences: Int, seed: UInt64) -> String {
    var generator = Generator(state: seed)
    return (0..<sentences).map { _ in
      let sentence = (0..<Int.random(in: 6...14, using: &generator)).map { _ in
        vocabulary.randomElement(using: &generator)!
      }
      return sentence.joined(separator: " ") + ".\n"
    }.joined()
  }

  /// Knuth's MMIX multipliers; the high bits come first.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }
}
