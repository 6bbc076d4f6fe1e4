import Console
import Data
import Dist
import Files
import Foundation
import Kernels
import Preflight
import Tokenization

/// Measures how fast text becomes token ids: on one thread, on all threads, and in the whole of `prepare`, all in every round.
public struct TokenizerBenchmark {
  /// The results; rates are medians over the rounds, in 10⁶ bytes of text per second.
  public struct Result: Sendable, Encodable {
    /// Bytes of the text.
    public let bytes: Int
    /// Token ids of the text.
    public let tokens: Int
    /// Merges that were learned from the text, and the vocabulary size of that tokenizer.
    public let merges, vocabularySize: Int
    /// Threads of all figures but those of one thread.
    public let threads: Int
    /// The number of rounds, of which each figure is the median.
    public let rounds: Int
    /// Encoding on one thread, starting without any remembered words.
    public let megabytesPerSecondOneThread: Double
    /// The same on all threads.
    public let megabytesPerSecond: Double
    /// The speed of all threads relative to one: the median of the rounds' ratios.
    public let speedUp: Double
    /// `prepare` with an existing tokenizer: reading, checking, encoding, writing.
    public let prepareMegabytesPerSecond: Double
    /// `prepare` that learns the merges too.
    public let learnAndPrepareMegabytesPerSecond: Double
  }

  /// Bytes of a piece that a thread encodes; a piece ends with its last line.
  private static let pieceBytes = 1 << 16

  private let text: String
  private let merges: Int
  private let threads: Int
  private let clock = ContinuousClock()

  /// - Parameters:
  ///   - text: the text to encode, for example from `synthetic`
  ///   - merges: the number of merges to learn from it
  public init(text: String, merges: Int, threads: Int) {
    precondition(merges > 0 && threads > 0, "no merges, or no threads")
    self.text = text
    self.merges = merges
    self.threads = threads
  }

  /// English-like text of at least `bytes` bytes.
  public static func synthetic(bytes: Int, seed: UInt64) -> String {
    var text = SyntheticText(seed: seed)
    return text.text(bytes: bytes)
  }

  /// Measures everything once to warm up, and then in `rounds` rounds, in a temporary folder.
  public func run(rounds: Int) throws -> Result {
    precondition(rounds > 0, "nothing to measure")
    let folder = Path.temporary + "/gpt1-dist-\(UUID().uuidString)"
    try FolderCommit.create(folder)
    // If it cannot be removed, it is in a place that the system cleans up.
    defer { FolderCommit.remove(folder) }
    try FileWriter.write(text, to: "\(folder)/text.txt")
    let learned = try prepare(folder, .train(merges: merges), to: "learned")
    try ThreadCheck.require(threads)
    let pieces = pieces()
    let (one, all) = (ThreadTeam(size: 1), ThreadTeam(size: threads))
    var seconds: [[Double]] = [[], [], [], []]
    var tokens = 0
    for round in 0...rounds {
      // A tokenizer remembers words, so each measurement starts with a new one.
      let source = PrepareConfig.TokenizerSource.load(folder: "\(folder)/learned")
      let (first, second) = (
        try Tokenizer.load(folder: "\(folder)/learned"),
        try Tokenizer.load(folder: "\(folder)/learned")
      )
      let times = [
        clock.seconds { tokens = encode(pieces, by: first, one) },
        clock.seconds { tokens = encode(pieces, by: second, all) },
        try clock.seconds { try prepare(folder, source, to: "encoded") },
        try clock.seconds { try prepare(folder, .train(merges: merges), to: "both") },
      ]
      guard round > 0 else { continue }
      for (index, time) in times.enumerated() { seconds[index].append(time) }
    }
    let bytes = text.utf8.count
    func rate(_ seconds: [Double]) -> Double { median(seconds.map { Double(bytes) / $0 / 1e6 }) }
    return Result(
      bytes: bytes, tokens: tokens,
      merges: try Tokenizer.load(folder: "\(folder)/learned").mergeCount,
      vocabularySize: learned.vocabularySize, threads: threads, rounds: rounds,
      megabytesPerSecondOneThread: rate(seconds[0]), megabytesPerSecond: rate(seconds[1]),
      speedUp: median(zip(seconds[0], seconds[1]).map { $0 / $1 }),
      prepareMegabytesPerSecond: rate(seconds[2]),
      learnAndPrepareMegabytesPerSecond: rate(seconds[3]))
  }

  @discardableResult private func prepare(
    _ folder: String, _ source: PrepareConfig.TokenizerSource, to name: String
  ) throws -> DatasetInfo {
    var config = PrepareConfig(
      inputs: ["\(folder)/text.txt"], tokenizer: source, out: "\(folder)/\(name)")
    config.threads = threads
    return try Preparation.run(config)
  }

  /// The number of ids of all pieces.
  private func encode(_ pieces: [String], by tokenizer: Tokenizer, _ team: ThreadTeam) -> Int {
    Int(
      team.map(pieces.count) { piece, _ in Double(tokenizer.encode(pieces[piece]).count) }.reduce(
        0, +))
  }

  private func pieces() -> [String] {
    var pieces: [String] = []
    var rest = text.utf8[...]
    while !rest.isEmpty {
      let start = rest.index(
        rest.startIndex, offsetBy: TokenizerBenchmark.pieceBytes, limitedBy: rest.endIndex)
      let end = start.flatMap { rest[$0...].firstIndex(of: UInt8(ascii: "\n")) }
      let after = end.map { rest.index(after: $0) } ?? rest.endIndex
      pieces.append(String(decoding: rest[..<after], as: UTF8.self))
      rest = rest[after...]
    }
    return pieces
  }
}

extension TokenizerBenchmark.Result: CustomStringConvertible {
  /// The results in a few lines.
  public var description: String {
    """
    \(grouped(bytes)) bytes, \(grouped(tokens)) tokens, \(grouped(merges)) merges; medians of \
    \(rounds) rounds
    encode, 1 thread     \(format(megabytesPerSecondOneThread, 2)) MB/s
    encode, \(threads) threads    \(format(megabytesPerSecond, 2)) MB/s, \(format(speedUp, 2)) times as fast
    prepare              \(format(prepareMegabytesPerSecond, 2)) MB/s with an existing tokenizer
    prepare              \(format(learnAndPrepareMegabytesPerSecond, 2)) MB/s, learning the merges too
    """
  }
}
