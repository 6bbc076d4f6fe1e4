/// The request to `prepare`: its inputs, its tokenizer, its output.
public struct PrepareConfig: Sendable {
  /// The origin of the tokenizer.
  public enum TokenizerSource: Sendable {
    /// Learned from the corpus, with up to this number of merges.
    case train(merges: Int)
    /// Read from a folder (`Tokenizer.load`).
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

  /// The threads to use. The result does not depend on it.
  public var threads = 1

  /// The ids of a full shard.
  public var shardTokens = 1 << 24

  /// A configuration with the defaults of everything else.
  public init(inputs: [String], tokenizer: TokenizerSource, out: String) {
    self.inputs = inputs
    self.tokenizer = tokenizer
    self.out = out
  }
}
