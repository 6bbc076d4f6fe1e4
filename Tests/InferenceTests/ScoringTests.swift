import Buffers
import Inference
import Kernels
import Model
import Testing

struct ScoringTests {
  private func state() -> ModelState {
    var config = ModelConfig()
    config.vocabularySize = 50
    config.context = 32
    config.width = 16
    config.heads = 2
    config.layers = 2
    config.initialStandardDeviation = 0.3
    let state = ModelState(config, training: false)
    state.table.initialize(
      state.weights, config: config, seed: 3, team: ThreadTeam(size: 1))
    return state
  }

  /// Shorter and longer than the context, and with nothing to predict: more of them than one batch takes.
  @Test func sequencesTogetherScoreAsEachAlone() {
    let scoring = Scoring(state(), threads: 2)
    let sequences = (0..<300).map { index in
      (0..<(index * 17 % 75)).map { Int32(($0 * 29 + index * 11) % 50) }
    }
    let together = scoring.logProbabilities(sequences)
    #expect(together.map(\.count) == sequences.map { max(0, $0.count - 1) })
    for (sequence, scores) in zip(sequences, together) {
      let alone = scoring.logProbabilities(sequence)
      // Another number of rows may be summed by another kernel of the BLAS.
      #expect(zip(scores, alone).allSatisfy { abs($0 - $1) <= 1e-5 * abs($1) })
    }
  }

  @Test func everyTokenIsPredictedFromThoseBeforeItInItsWindow() {
    let scoring = Scoring(state(), threads: 1)
    let text = (0..<70).map { Int32($0 * 31 % 50) }
    let whole = scoring.logProbabilities(text)
    for start in [0, 32, 64] {
      let window = Array(text[start..<min(start + 33, text.count)])
      let scores = scoring.logProbabilities(window)
      #expect(scores.count == window.count - 1)
      for (place, score) in scores.enumerated() {
        #expect(abs(whole[start + place] - score) <= 1e-5 * abs(score))
      }
    }
  }
}
