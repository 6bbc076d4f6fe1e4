import Data
import Model
import Testing

struct TaskBatchesTests {
  /// Two answers each, of lengths 3 and 5, 4 and 4, 2 and 6.
  private static let examples = [[3, 5], [4, 4], [2, 6]].map { lengths in
    EncodedExample(
      sequences: lengths.map { Array(1...Int32($0)) }, target: [0, 1], cutTokens: 0)
  }

  private static func batches(_ lambda: Double, microBatch: Int = 1) -> TaskBatches {
    TaskBatches(
      examples, answer: .choices(2), lmCoefficient: lambda, microBatch: microBatch,
      tokensPerWindow: 12)
  }

  /// train.py of finetune-transformer-lm: the mean over a sequence's targets, then over an example's sequences.
  @Test func theLanguageModelsLossOfAnExampleWeighsLambda() {
    let batch = Self.batches(0.5).batch(windows: [2, 0], samples: [0, 1])
    #expect(batch.sequences == 4 && batch.length == 6)
    let weights = (0..<4).map { Array(batch.lossWeights[$0 * 6..<$0 * 6 + 6]) }
    let expected: [[Float]] = [
      [0.25, 0, 0, 0, 0, 0], [0.05, 0.05, 0.05, 0.05, 0.05, 0],
      [0.125, 0.125, 0, 0, 0, 0], [0.0625, 0.0625, 0.0625, 0.0625, 0, 0],
    ]
    #expect(weights == expected)
    #expect(abs(batch.targetCount - 2 * 0.5) < 1e-6)
    #expect(!Self.batches(0).batch(windows: [1], samples: [0]).predictsTokens)
  }

  @Test func sequencesPredictTheirNextTokensAndKnowTheirEnds() {
    let batch = Self.batches(0.5).batch(windows: [0, 1], samples: [7, 9])
    #expect(Array(batch.tokens.prefix(5)) == [1, 2, 3, 3, 3])
    #expect(Array(batch.targets.prefix(2)) == [2, 3])
    #expect(batch.ends == [2, 4, 3, 3])
    #expect(batch.samples == [14, 15, 18, 19])
    #expect(batch.examples.map(\.sequences) == [0..<2, 2..<4])
    #expect(batch.examples.map(\.sample) == [7, 9])
    #expect(batch.examples.allSatisfy { $0.combination == .alternatives && $0.target == [0, 1] })
  }

  @Test func examplesOfLikeLengthShareALeaf() {
    // All three in one micro-batch of 6 x 6: 24 of 36 are real. Each alone: 8 of 8, 8 of 10, 8 of 12.
    let sampler = Sampler(windows: 3, sequencesPerStep: 3, seed: 1)
    #expect(abs(Self.batches(0, microBatch: 3).paddingShare(sampler) - 1.0 / 3) < 1e-12)
    #expect(abs(Self.batches(0, microBatch: 1).paddingShare(sampler) - 0.2) < 1e-12)
  }

  /// Sixteen examples of lengths 1 … 16 in eight micro-batches of two: over two steps that begin at either end no rank has more to do.
  @Test(arguments: [1, 2, 4]) func ranksHaveAsMuchToDo(ranks: Int) {
    let examples = (1...16).map {
      EncodedExample(
        sequences: [[Int32](repeating: 0, count: $0)], target: [1, 0], cutTokens: 0)
    }
    let batches = TaskBatches(
      examples, answer: .classes(["a", "b"]), lmCoefficient: 0, microBatch: 2, tokensPerWindow: 16)
    var work = [Int](repeating: 0, count: ranks)
    for first in [4, 7] {
      let windows = [first] + (0..<16).filter { $0 != first }
      let arranged = batches.arranged(windows)
      #expect(arranged.sorted() == Array(0..<16))
      for microBatch in 0..<8 {
        #expect(
          abs(arranged[2 * microBatch] - arranged[2 * microBatch + 1]) == 1, "neighbours in length")
        work[microBatch % ranks] +=
          2 * (max(arranged[2 * microBatch], arranged[2 * microBatch + 1]) + 1)
      }
    }
    #expect(Set(work).count == 1, "\(work)")
  }

  @Test func tokensAreCountedThroughEpochs() {
    let examples = [3, 4, 5, 6, 7].map {
      EncodedExample(sequences: [Array(1...Int32($0))], target: [1, 0], cutTokens: 0)
    }
    let batches = TaskBatches(
      examples, answer: .classes(["a", "b"]), lmCoefficient: 0, microBatch: 1, tokensPerWindow: 7)
    let sampler = Sampler(windows: 5, sequencesPerStep: 2, seed: 3)
    var sum = 0
    for step in 1...12 {
      sum += sampler.windows(step: step).reduce(0) { $0 + examples[$1].sequences[0].count }
      #expect(batches.tokens(in: 1...step, of: sampler) == sum, "step \(step)")
    }
    #expect(batches.tokens(in: 1...5, of: sampler) == 2 * 25)
    let (all, first) = (
      batches.tokens(in: 1...12, of: sampler), batches.tokens(in: 1...2, of: sampler)
    )
    #expect(batches.tokens(in: 3...12, of: sampler) == all - first)
  }
}
