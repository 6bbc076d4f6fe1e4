import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `bench` of everything but steps.
  @Suite(.serialized) struct SideBenchTests {
    /// Floats of a block that is 64 wide.
    private static let block: Int = 12 * 64 * 64 + 13 * 64

    private struct Generation: Decodable {
      let precision: String
      let parameters, weightBytes, threads, rounds, samples, tokensGenerated, tokensScored: Int
      let tokensPerSecond, gigabytesPerSecond, readGigabytesPerSecond: Double
      let shareOfReadBandwidth, promptTokensPerSecond, scoringTokensPerSecond: Double
      let trainingForwardTokensPerSecond, scoringShareOfTrainingForward: Double
    }

    /// One round, so that every figure comes from the same measurements.
    @Test(arguments: [("fp32", 1), ("bf16", 1), ("bf16", 5)])
    func generationIsMeasuredBesideAReadOfTheWeights(precision: String, samples: Int) throws {
      try withTemporaryFolder { folder in
        let result = try Sandbox(folder: folder).json(
          Generation.self,
          "bench --generate --preset debug --vocabulary 300 --threads 2 --rounds 1 --tokens 99 "
            + "--precision \(precision) --samples \(samples)")
        #expect(result.threads == 2 && result.rounds == 1)
        // Embeddings of 300 tokens and 32 positions; two blocks 64 wide.
        let parameters: Int = 332 * 64 + 2 * SideBenchTests.block
        #expect(result.parameters == parameters)
        #expect(result.precision == precision && result.samples == samples)
        #expect(result.weightBytes == (precision == "bf16" ? 2 : 4) * result.parameters)
        #expect(result.tokensGenerated == 16)
        #expect(result.tokensScored == 2_048)
        let bytes = result.tokensPerSecond / Double(samples) * Double(result.weightBytes)
        #expect(isNear(result.gigabytesPerSecond, bytes / 1e9))
        #expect(
          isNear(
            result.shareOfReadBandwidth, result.gigabytesPerSecond / result.readGigabytesPerSecond))
        #expect(
          isNear(
            result.scoringShareOfTrainingForward,
            result.scoringTokensPerSecond / result.trainingForwardTokensPerSecond))
        #expect(result.promptTokensPerSecond > 0)
      }
    }

    private struct Collectives: Decodable {
      struct Measurement: Decodable {
        let chunkBytes, calls: Int
        let seconds, gigabytesPerSecond: Double
      }
      let ranks, nodes, rounds, bytes, bestChunkBytes, usedChunkBytes: Int
      let latencyMicroseconds: Double
      let oneCall: Measurement
      let chunks: [Measurement]
    }

    @Test func collectivesAreMeasuredByTheSizeOfACall() throws {
      try withTemporaryFolder { folder in
        let outcome = try Sandbox(folder: folder).succeed(
          "bench --collectives --preset debug --vocabulary 5000 --rounds 2 --json", ranks: 2)
        let result = try outcome.json(Collectives.self)
        #expect(result.ranks == 2 && result.nodes == 1 && result.rounds == 2)
        let parameters: Int = 5_032 * 64 + 2 * SideBenchTests.block
        #expect(result.bytes == 4 * parameters)
        #expect(result.chunks.map(\.chunkBytes) == [65_536, 262_144, 1_048_576])
        #expect(result.oneCall.calls == 1 && result.oneCall.chunkBytes == result.bytes)
        let all = result.chunks + [result.oneCall]
        for one in all {
          let calls: Int = (result.bytes + one.chunkBytes - 1) / one.chunkBytes
          #expect(one.calls == calls)
          #expect(isNear(one.gigabytesPerSecond, Double(result.bytes) / one.seconds / 1e9))
        }
        let best = try #require(all.min { $0.seconds < $1.seconds })
        #expect(result.bestChunkBytes == best.chunkBytes)
        #expect(result.usedChunkBytes == result.bytes)
        #expect(result.latencyMicroseconds > 0)
      }
    }

    private struct Tokenizer: Decodable {
      let bytes, tokens, merges, vocabularySize, threads, rounds: Int
      let megabytesPerSecondOneThread, megabytesPerSecond, speedUp: Double
      let prepareMegabytesPerSecond, learnAndPrepareMegabytesPerSecond: Double
    }

    @Test func theTokenizerIsMeasuredOnTextsAndOnAMadeUpOne() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        let text = Corpus.text(sentences: 3_000, seed: 2)
        try sandbox.write(text, to: "a.txt")
        try sandbox.write("another text.\n", to: "b.txt")
        let line = "bench --tokenizer --threads 2 --rounds 1 --merges 100"
        let given = try sandbox.json(Tokenizer.self, "\(line) --input a.txt b.txt")
        // A line break between the two.
        let bytes: Int = text.utf8.count + 14 + 1
        #expect(given.bytes == bytes)
        #expect(given.merges == 100 && given.threads == 2 && given.rounds == 1)
        #expect(isNear(given.speedUp, given.megabytesPerSecond / given.megabytesPerSecondOneThread))
        #expect(given.prepareMegabytesPerSecond > 0 && given.learnAndPrepareMegabytesPerSecond > 0)

        // As many ids as `encode` gives, and most line breaks, which `encode` has none of.
        let ids = try sandbox.shell(
          "$0 prepare --input a.txt b.txt --train-bpe 100 --out data >&2 && "
            + "cat a.txt b.txt | $0 encode --tokenizer data | wc -w")
        let words = try #require(Int(ids.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(words...words + 3_001 ~= given.tokens)

        let madeUp = try sandbox.json(Tokenizer.self, "\(line) --megabytes 1")
        #expect(1_000_000..<1_010_000 ~= madeUp.bytes)
        #expect(madeUp.tokens > 100_000 && madeUp.tokens < madeUp.bytes)
        #expect(try sandbox.json(Tokenizer.self, "\(line) --megabytes 1").tokens == madeUp.tokens)
      }
    }

    @Test func whatCannotBeMeasuredIsRefused() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        try sandbox.expectRefusal("bench --collectives", status: 2, "under mpirun")
        try sandbox.expectRefusal(
          "bench --generate", ranks: 2, status: 2, "one process", "without mpirun")
        try sandbox.expectRefusal(
          "bench --generate --precision bf16-emulated", status: 2, "--precision bf16-emulated")
        try sandbox.expectRefusal("bench --generate --samples 0", status: 2, "--samples 0")
        try sandbox.expectRefusal("bench --tokenizer", ranks: 2, status: 2, "without mpirun")
        try sandbox.expectRefusal("bench --tokenizer --merges 0", status: 2, "--merges 0")
        try sandbox.expectRefusal("bench --tokenizer --input none.txt", "none.txt")
        try sandbox.write("", to: "empty.txt")
        try sandbox.expectRefusal("bench --tokenizer --input empty.txt", "empty.txt: is empty")
      }
    }
  }
}
