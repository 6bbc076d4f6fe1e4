import Buffers
import Foundation
import Model
import Testing

struct CachedDecoderTests {
  /// Prompt and single tokens, whose products are cut in other ways.
  @Test func bitsDoNotDependOnTheNumberOfThreads() {
    let logits = [1, 2, 3].map { threads in
      let model = LargeModel(dropout: 0, threads: threads)
      let cached = CachedDecoder(model.state, team: model.team)
      var all = cached.append(Array(model.batch.tokens[0..<70])).array
      for token in model.batch.tokens[70..<80] { all += cached.append([token]).array }
      return all
    }
    #expect(logits[0] == logits[1])
    #expect(logits[0] == logits[2])
    #expect(logits[0].count == 11 * 1_500)
  }

  @Test func tokenByTokenIsThePromptAtOnce() {
    let model = LargeModel(dropout: 0, threads: 2)
    let cached = CachedDecoder(model.state, team: model.team)
    let prompt = Array(model.batch.tokens[0..<70])
    let atOnce = cached.append(prompt).array
    cached.reset()
    var singly: [Float] = []
    for token in prompt { singly = cached.append([token]).array }
    let scale = atOnce.map(abs).max() ?? 0
    #expect(scale > 0.1)
    // Sums of some tens of terms in another order, through two blocks.
    #expect(zip(atOnce, singly).allSatisfy { abs($0 - $1) < 2e-5 * scale })
  }
}

/// Against sorting the whole vocabulary.
struct TokenSamplingTests {
  /// 1,000 logits with ties.
  private let logits = (0..<1_000).map { Float($0 * 7_919 % 613) / 40 }

  private func sorted() -> [Int] {
    logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
  }

  /// All ids that many places draw.
  private func drawn(_ logits: [Float], topK: Int = 0, topP: Double = 1) -> Set<Int> {
    let buffer = FloatBuffer(logits.count)
    buffer.vector.copy(from: logits)
    var sampling = TokenSampling()
    sampling.topK = topK
    sampling.topP = topP
    // So flat that all of a few candidates come up in a few thousand draws.
    sampling.temperature = 20
    return Set((0..<4_000).map { Int(sampling.token(buffer.vector, place: $0)) })
  }

  @Test(arguments: [1, 2, 3, 10, 40]) func topKDrawsTheLikeliest(_ count: Int) {
    #expect(drawn(logits, topK: count) == Set(sorted().prefix(count)))
  }

  @Test func topPDrawsTheFewestThatReachIt() throws {
    let weights = sorted().map { exp(Double(logits[$0]) / 20) }
    let total = weights.reduce(0, +)
    let wanted = 0.02
    var sum = 0.0
    let count = try #require(
      weights.firstIndex {
        sum += $0
        return sum >= wanted * total
      })
    #expect(count > 5)
    #expect(drawn(logits, topP: wanted) == Set(sorted().prefix(count + 1)))
  }

  /// Every id is drawn in proportion to its probability: 4,000 draws of 4 ids.
  @Test func drawsFollowTheProbabilities() {
    let buffer = FloatBuffer(4)
    buffer.vector.copy(from: [0, Float(log(2.0)), Float(log(3.0)), Float(log(4.0))])
    var counts = [0, 0, 0, 0]
    for place in 0..<4_000 {
      counts[Int(TokenSampling().token(buffer.vector, place: place))] += 1
    }
    // Six standard deviations of a binomial count are below 190.
    for id in 0..<4 { #expect(abs(counts[id] - 400 * (id + 1)) < 190) }
  }

  @Test func greedyTakesTheFirstOfTheLargest() {
    let buffer = FloatBuffer(4)
    buffer.vector.copy(from: [1, 3, 3, 2])
    var sampling = TokenSampling()
    sampling.temperature = 0
    #expect(sampling.token(buffer.vector, place: 0) == 1)
  }

  @Test func logitsThatAreNoNumbersStillGiveAnId() {
    let buffer = FloatBuffer(5)
    buffer.vector.fill(.nan)
    for (topK, topP) in [(0, 1.0), (2, 1.0), (0, 0.5)] {
      var sampling = TokenSampling()
      sampling.topK = topK
      sampling.topP = topP
      #expect((0..<5).contains(sampling.token(buffer.vector, place: 0)))
    }
  }
}
