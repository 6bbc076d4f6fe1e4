/// The inputs, tokenizer and output of `prepare`.
public struct PrepareConfig: Sendable {
  /// The origin of the tokenizer.
  public enum TokenizerSource: Sendable {
    /// Learns up to this number of merges from the corpus.
    case train(merges: Int)
    /// Reads the tokenizer in a folder (`Tokenizer.load`).
    case load(folder: String)
  }

  /// Text files, or folders of `.txt` files.
  public var inputs: [String]

  /// The field that holds the text in each object of JSON Lines; nil for plain text.
  public var field: String?

  /// The origin of the tokenizer.
  public var tokenizer: TokenizerSource

  /// The folder to write.
  public var out: String

  /// The fraction of the text that is held out, 0 ... 0.5.
  public var validationFraction = 0.01

  /// The number of threads. The result does not depend on it.
  public var threads = 1

  /// The number of ids of a full shard.
  public var shardTokens = 1 << 24

  /// A configuration with defaults for all other fields.
  public init(inputs: [String], tokenizer: TokenizerSource, out: String) {
    self.inputs = inputs
    self.tokenizer = tokenizer
    self.out = out
  }
}
