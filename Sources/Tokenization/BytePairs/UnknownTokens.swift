/// The number of `<unk>` among the tokens of a text, and the characters that they stand for. A tokenizer that does not know a text leaves
/// it nearly empty, and makes the loss of a model on it misleadingly low.
public struct UnknownTokens: Sendable, Equatable {
  /// The number of all tokens.
  public private(set) var tokens = 0

  /// The number of tokens that are `<unk>`.
  public private(set) var unknown = 0

  private var characters: [UInt32: Int] = [:]

  /// The share above which a text gets a warning.
  public static let mostShare = 0.02

  /// Creates a count of zero tokens.
  public init() {}

  /// The share of unknown tokens; 0 without tokens.
  public var share: Double { tokens == 0 ? 0 : Double(unknown) / Double(tokens) }

  /// Adds the counts of another text.
  public mutating func add(_ other: UnknownTokens) {
    tokens += other.tokens
    unknown += other.unknown
    if !other.characters.isEmpty { characters.merge(other.characters, uniquingKeysWith: +) }
  }

  package mutating func add(tokens count: Int) { tokens += count }

  /// Counts the characters of `word` for which `encoding` has no piece.
  mutating func addUnknown(of word: Span<UInt8>, by encoding: BytePairEncoding) {
    encoding.forEachUnknown(in: word) { scalar in
      unknown += 1
      characters[scalar, default: 0] += 1
    }
  }

  /// The most frequent unknown characters, at most five: `м` (U+043C).
  public var mostFrequent: [String] {
    characters.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(5).map { value, _ in
      let digits = String(value, radix: 16, uppercase: true)
      let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
      guard let scalar = Unicode.Scalar(value), scalar.properties.isAlphabetic else { return code }
      return "`\(scalar)` (\(code))"
    }
  }

  /// The share as a phrase: `0.25 % of the tokens are unknown`.
  public var description: String { Self.description(share) }

  /// The share `share`, 0 ... 1, as a phrase.
  public static func description(_ share: Double) -> String {
    let percent = Double(Int((share * 10_000).rounded())) / 100
    let number =
      share > 0 && percent == 0
      ? "less than 0.01" : percent == percent.rounded() ? "\(Int(percent))" : "\(percent)"
    return "\(number) % of the tokens are unknown"
  }

  /// A warning for a text with too many unknown tokens, or nil.
  public var warning: String? {
    guard share > Self.mostShare else { return nil }
    return
      "\(description), most of them for \(mostFrequent.joined(separator: ", ")): the tokenizer "
      + "does not fit this text; use one that was learned from similar text"
  }
}
