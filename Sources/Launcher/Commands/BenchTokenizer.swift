import Benchmarks
import Data
import Dist
import Tokenization
import Training

extension Bench {
  /// `gpt1-dist bench --tokenizer`: with the texts of --input, or a made-up text.
  func measureTokenizer(_ communicator: Communicator) throws {
    let text = try alone(communicator) {
      guard side.input.isEmpty else {
        return try side.input.map { try TextFile.text(of: $0, for: .prose) }.joined(separator: "\n")
      }
      return TokenizerBenchmark.synthetic(
        bytes: side.megabytes * 1_000_000, seed: keys.value(\.seed) ?? 1)
    }
    let threads = try TrainingRun.threads(config(ranks: 1), communicator)
    let result = try TokenizerBenchmark(text: text, merges: side.merges, threads: threads)
      .run(rounds: side.rounds)
    try output.print(result, text: result.description)
  }
}
