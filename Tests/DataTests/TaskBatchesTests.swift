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
    let weights = (0..<batch.sequences).map { Array(batch.lossWeights[batch.rows(of: $0)]) }
    let expected: [[Float]] = [
      [0.25, 0], [0.05, 0.05, 0.05, 0.05, 0.05, 0], [0.125, 0.125, 0],
      [0.0625, 0.0625, 0.0625, 0.0625, 0],
    ]
    #expect(weights == expected)
    #expect(abs(batch.targetCount - 2 * 0.5) < 1e-6)
    #expect(!Self.batches(0).batch(windows: [1], samples: [0]).predictsTokens)
  }

  @Test func sequencesPredictTheirNextTokens() {
    let batch = Self.batches(0.5).batch(windows: [0, 1], samples: [7, 9])
    #expect(batch.tokens == [1, 2, 3, 1, 2, 3, 4, 5, 1, 2, 3, 4, 1, 2, 3, 4])
    #expect(Array(batch.targets.prefix(8)) == [2, 3, 3, 2, 3, 4, 5, 5])
    #expect(batch.starts == [0, 3, 8, 12, 16])
    #expect(batch.samples == [14, 15, 18, 19])
    #expect(batch.examples.map(\.sequences) == [0..<2, 2..<4])
    #expect(batch.examples.map(\.sample) == [7, 9])
    #expect(batch.examples.allSatisfy { $0.combination == .alternatives && $0.target == [0, 1] })
  }

  /// Examples of the given lengths, in micro-batches of two.
  private func arranged(_ lengths: [Int]) -> (windows: [Int], tokens: [Int]) {
    let examples = lengths.map {
      EncodedExample(
        sequences: [[Int32](repeating: 0, count: $0)], target: [1, 0], cutTokens: 0)
    }
    let batches = TaskBatches(
      examples, answer: .classes(["a", "b"]), lmCoefficient: 0, microBatch: 2, tokensPerWindow: 16)
    let windows = batches.arranged(Array(lengths.indices))
    #expect(windows.sorted() == Array(lengths.indices))
    let tokens = stride(from: 0, to: windows.count, by: 2).map { start in
      windows[start..<min(start + 2, windows.count)].reduce(0) { $0 + lengths[$1] }
    }
    return (windows, tokens)
  }

  @Test func microBatchesHaveEquallyManyTokens() {
    #expect(arranged(Array(1...16)).tokens == [Int](repeating: 17, count: 8))
    #expect(arranged([1, 16, 2, 15]).tokens == [17, 17])
    // The last micro-batch of the last step may have room for fewer examples.
    #expect(arranged([3, 9, 5, 4, 4]).tokens == [12, 9, 4])
    // Equal lengths keep their order.
    #expect(arranged([5, 5, 5, 5]).windows == [0, 2, 1, 3])
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
