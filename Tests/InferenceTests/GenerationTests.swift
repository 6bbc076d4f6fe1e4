import Buffers
import Inference
import Kernels
import Model
import Testing

struct GenerationTests {
  private func state() -> ModelState {
    var config = ModelConfig()
    config.vocabularySize = 50
    config.context = 16
    config.width = 16
    config.heads = 2
    config.layers = 2
    config.initialStandardDeviation = 0.3
    let state = ModelState(config, training: false)
    state.table.initialize(state.weights, config: config, seed: 3, team: ThreadTeam(size: 1))
    return state
  }

  private func tokens(
    samples: Int, threads: Int = 1, seed: UInt64, prompt: [Int32], _ precision: WeightPrecision
  ) -> [[Int32]] {
    var sampling = TokenSampling()
    sampling.seed = seed
    var all = [[Int32]](repeating: [], count: samples)
    Generation(
      state(), vocabularySize: 40, threads: threads,
      use: CachedDecoder.Use(precision: precision, samples: samples)
    ).generate(after: prompt, count: 45, sampling: sampling) { tokens in
      for (sample, token) in tokens.enumerated() { all[sample].append(token) }
    }
    return all
  }

  /// Three contexts long, so that each sample reads its newer half again. Prompts of one token and of more than the context.
  @Test(arguments: WeightPrecision.allCases, [1, 5, 20])
  func aSampleHasTheTextThatItsSeedGivesAlone(_ precision: WeightPrecision, promptTokens: Int) {
    let prompt = (0..<Int32(promptTokens)).map { $0 * 7 % 50 }
    let alone = (0..<6).map { sample in
      tokens(samples: 1, seed: 11 + UInt64(sample), prompt: prompt, precision)[0]
    }
    #expect(Set(alone).count == 6)
    #expect(alone.allSatisfy { $0.count == 45 && $0.allSatisfy { $0 < 40 } })
    for samples in [1, 2, 6] {
      for threads in [1, 3] {
        let together = tokens(
          samples: samples, threads: threads, seed: 11, prompt: prompt, precision)
        #expect(together == Array(alone[0..<samples]), "\(samples) samples, \(threads) threads")
      }
    }
  }

  @Test func theLargestSeedIsFollowedByTheSmallest() {
    let alone = tokens(samples: 1, seed: 0, prompt: [1], .fp32)
    #expect(tokens(samples: 2, seed: .max, prompt: [1], .fp32)[1] == alone[0])
  }
}
