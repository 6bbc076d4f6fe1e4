import Data
import Testing

@Suite struct ZeroShotTests {
  private let letters = LetterTokens()

  private func candidates(
    _ rule: ZeroShotRule, _ texts: [String], answers: [String] = [], context: Int = 20
  ) -> [ZeroShotCandidate] {
    ZeroShot(rule, tokenizer: letters.tokenizer, context: context)
      .candidates(of: TaskExample(id: "1", texts: texts, answers: answers, label: nil))
  }

  @Test func sentencesAreScoredButForTheirFirstToken() {
    let whole = candidates(.acceptability, ["a b ab"])
    #expect(whole.map(\.tokens) == [[5, 6, 1, 6]])
    #expect(whole[0].scored == 1..<4 && whole[0].cutTokens == 0)
    let cut = candidates(.acceptability, ["a b c d"], context: 3)[0]
    #expect(cut.tokens == [5, 6, 7] && cut.scored == 1..<3 && cut.cutTokens == 1)
  }

  @Test func wordsAreScoredAfterTheTextAndWhatIsAppended() {
    let rule = ZeroShotRule.words(appended: "d", negative: "b", positive: "ab")
    let whole = candidates(rule, ["c a"])
    #expect(whole.map(\.tokens) == [[7, 5, 8, 6], [7, 5, 8, 1, 6]])
    #expect(whole.map(\.scored) == [3..<4, 3..<5])
    let cut = candidates(rule, ["c a"], context: 4)
    #expect(cut.map(\.tokens) == [[7, 5, 8, 6], [5, 8, 1, 6]])
    #expect(cut.map(\.scored) == [3..<4, 2..<4])
    #expect(cut.map(\.cutTokens) == [0, 1])
  }

  @Test func answersAreScoredAfterContextAndQuestion() {
    let whole = candidates(.answers, ["a b", "c"], answers: ["d", "a d b"])
    #expect(whole.map(\.tokens) == [[5, 6, 7, 8], [5, 6, 7, 5, 8, 6]])
    #expect(whole.map(\.scored) == [3..<4, 3..<6])
    let cut = candidates(.answers, ["a b", "c"], answers: ["d", "a d b", "a b c d"], context: 4)
    #expect(cut.map(\.tokens) == [[5, 6, 7, 8], [7, 5, 8, 6], [7, 5, 6, 7]])
    #expect(cut.map(\.scored) == [3..<4, 1..<4, 1..<4])
    #expect(cut.map(\.cutTokens) == [0, 2, 3])
  }

  @Test func scoresAreMeansOfTheScoredTokens() {
    let answer = candidates(.answers, ["a b", "c"], answers: ["a d"])[0]
    #expect(answer.tokens.count == 5)
    #expect(answer.score([-100, -100, -1, -2]) == -1.5)
    let sentence = candidates(.acceptability, ["a b c"])[0]
    #expect(sentence.score([-1, -4]) == -2.5)
  }

  @Test func whatHasNothingToScoreIsTheLeastLikely() {
    for text in ["a", ""] {
      let sentence = candidates(.acceptability, [text])[0]
      #expect(sentence.scored.isEmpty && sentence.score([]) == -.infinity)
    }
    let answers = candidates(.answers, ["a b"], answers: ["", "c"])
    #expect(answers[0].score([-1]) == -.infinity && answers[1].score([-1, -9]) == -9)
    let alone = candidates(.answers, [""], answers: ["c d"])[0]
    #expect(alone.tokens == [7, 8] && alone.scored == 1..<2)
    #expect(candidates(.answers, ["a"], answers: ["b"], context: 1)[0].scored.isEmpty)
  }

  @Test func predictionsAreTheFirstOfTheHighestOrAboveTheThreshold() {
    let answers = ZeroShot(.answers, tokenizer: letters.tokenizer, context: 9)
    #expect(answers.prediction(scores: [-3, -1, -1, -2], threshold: 0) == 1)
    #expect(answers.prediction(scores: [-.infinity, -9], threshold: 0) == 1)
    let words = ZeroShot(
      .words(appended: "a", negative: "b", positive: "c"), tokenizer: letters.tokenizer, context: 9)
    #expect(words.prediction(scores: [-2, -2], threshold: -5) == 0)
    #expect(words.prediction(scores: [-2, -1.5], threshold: -5) == 1)
    let sentences = ZeroShot(.acceptability, tokenizer: letters.tokenizer, context: 9)
    #expect(sentences.prediction(scores: [-2], threshold: -2) == 0)
    #expect(sentences.prediction(scores: [-1.9], threshold: -2) == 1)
  }

  @Test func theBestThresholdParts() {
    func best(_ scores: [Double], _ labels: [Double], _ metric: Metric = .matthews) -> Double {
      ZeroShot.bestThreshold(scores: scores, labels: labels, metric: metric)
    }
    #expect(best([-1, -4, -2, -3], [1, 0, 1, 0]) == -3)
    #expect(best([-1, -4, -2, -3], [1, 0, 0, 1], .accuracy) == -4)  // as good as −2
    #expect(best([-1, -2, -2, -3], [1, 1, 0, 0], .accuracy) == -3)
    #expect(best([-3, -2, -1], [1, 1, 1], .accuracy) == (-3.0).nextDown)
    #expect(best([-1, -2, -3], [0, 0, 1]) == (-3.0).nextDown)  // none is above 0
    #expect(best([-.infinity, -1, -2], [0, 1, 0]) == -2)
    #expect(best([], []) == 0)
  }
}
