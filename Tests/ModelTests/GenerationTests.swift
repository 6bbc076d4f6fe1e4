import Buffers
import Foundation
import Kernels
import Model
import Testing

struct CachedDecoderTests {
  /// Prompt and single tokens, whose products are cut in other ways.
  @Test(arguments: WeightPrecision.allCases)
  func bitsDoNotDependOnTheNumberOfThreads(_ precision: WeightPrecision) {
    let logits = [1, 2, 3].map { threads in
      let model = LargeModel(dropout: 0, threads: threads)
      let cached = CachedDecoder(
        model.state, team: model.team, use: CachedDecoder.Use(precision: precision))
      var all = cached.append(Array(model.batch.tokens[0..<70])).array
      for token in model.batch.tokens[70..<80] { all += cached.append([token]).array }
      return all
    }
    #expect(logits[0] == logits[1])
    #expect(logits[0] == logits[2])
    #expect(logits[0].count == 11 * 1_500)
  }

  @Test(arguments: WeightPrecision.allCases)
  func tokenByTokenIsThePromptAtOnce(_ precision: WeightPrecision) {
    let model = LargeModel(dropout: 0, threads: 2)
    let cached = CachedDecoder(
      model.state, team: model.team, use: CachedDecoder.Use(precision: precision))
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

  /// Samples with prompts of different lengths, so that no two of them have the same tokens or positions.
  @Test(arguments: [2, 4, 7], WeightPrecision.allCases)
  func aSampleHasTheBitsThatItHasAlone(samples: Int, _ precision: WeightPrecision) {
    let text = LargeModel(dropout: 0, threads: 1).batch.tokens
    func prompt(_ sample: Int) -> [Int32] { Array(text[0..<1 + 9 * sample]) }
    func next(_ sample: Int, _ step: Int) -> Int32 { text[(70 + 5 * sample + step) % text.count] }
    let alone = (0..<samples).map { sample in
      let model = LargeModel(dropout: 0, threads: 1)
      let cached = CachedDecoder(
        model.state, team: model.team, use: CachedDecoder.Use(precision: precision))
      let first = cached.append(prompt(sample)).array
      return [first] + (0..<5).map { cached.append([next(sample, $0)]).array }
    }
    for threads in [1, 2, 3] {
      let model = LargeModel(dropout: 0, threads: threads)
      let cached = CachedDecoder(
        model.state, team: model.team,
        use: CachedDecoder.Use(precision: precision, samples: samples))
      for sample in 0..<samples { cached.append(prompt(sample), to: sample) }
      for step in 0...5 {
        for sample in 0..<samples {
          #expect(cached.logits[row: sample].array == alone[sample][step], "\(sample), \(step)")
        }
        if step < 5 { cached.append(each: (0..<samples).map { next($0, step) }) }
      }
      #expect(cached.lengths == (0..<samples).map { 6 + 9 * $0 })
    }
  }

  @Test func allSamplesContinueTheFirst() {
    let model = LargeModel(dropout: 0, threads: 2)
    let cached = CachedDecoder(
      model.state, team: model.team, use: CachedDecoder.Use(samples: 3))
    cached.append([5, 6, 7], to: 2)
    cached.append(Array(model.batch.tokens[0..<20]))
    cached.repeatFirst()
    #expect(cached.lengths == [20, 20, 20])
    #expect(cached.logits[row: 2].array == cached.logits[row: 0].array)
    cached.append(each: [1, 2, 1])
    #expect(cached.logits[row: 2].array == cached.logits[row: 0].array)
    #expect(cached.logits[row: 1].array != cached.logits[row: 0].array)
  }

  @Test(arguments: ProductEngine.allCases)
  func bfloat16GivesTheLogitsOfRoundedWeights(_ engine: ProductEngine) {
    let model = LargeModel(dropout: 0, threads: 2)
    let tokens = model.batch.tokens
    func logits(_ precision: WeightPrecision) -> [[Float]] {
      let cached = CachedDecoder(
        model.state, team: model.team, engine: engine,
        use: CachedDecoder.Use(precision: precision))
      let prompt = cached.append(Array(tokens[0..<40])).array
      return [prompt] + (40..<50).map { cached.append([tokens[$0]]).array }
    }
    let exact = logits(.fp32)
    let found = logits(.bf16)
    for parameter in model.table.parameters where parameter.shape.count > 1 {
      let values = model.state.weights[parameter.range]
      let memory = FloatBuffer((values.count + 1) / 2)
      let rounded = memory.vector.brainFloats(rows: 1, columns: values.count)
      rounded.round(values, row: 0)
      values.copy(from: rounded.array)
    }
    let wanted = logits(.fp32)
    func difference(_ one: [Float], _ other: [Float]) -> Float {
      let largest = other.map(abs).max() ?? 0
      return (zip(one, other).map { abs($0 - $1) }.max() ?? 0) / largest
    }
    for (one, other) in zip(found, wanted) {
      let error = difference(one, other)
      #expect(error < 1e-5)
    }
    // Weights have eight significant bits.
    for (one, other) in zip(found, exact) {
      let error = difference(one, other)
      #expect(error > 1e-4 && error < 0.1)
    }
  }

  /// The copy of the weights is all that has to remain.
  @Test func bfloat16DoesNotNeedTheModel() {
    var model: LargeModel? = LargeModel(dropout: 0, threads: 1)
    weak let state = model?.state
    let cached = CachedDecoder(
      model!.state, team: model!.team, use: CachedDecoder.Use(precision: .bf16))
    model = nil
    #expect(state == nil)
    let logits = cached.append([1]).array
    #expect(logits.max().map { $0.isFinite && $0 > 0 } == true)
  }

  @Test func memoryGrowsWithTheSamples() {
    let config = ModelConfig()
    func floats(_ samples: Int) -> Int {
      CachedDecoder.count(config, threads: 2, use: CachedDecoder.Use(samples: samples))
    }
    let keysAndValues = config.layers * config.context * 2 * config.width
    #expect(floats(9) - floats(1) >= 8 * (keysAndValues + config.vocabularySize))
    let matrices = ParameterTable(config).parameters.filter { $0.shape.count > 1 }
      .reduce(0) { $0 + $1.range.count }
    let bf16 = CachedDecoder.count(config, threads: 2, use: CachedDecoder.Use(precision: .bf16))
    #expect(bf16 - floats(1) >= matrices / 2)
  }

  @Test func refusesTokensThatItHasNoRoomFor() async {
    await #expect(processExitsWith: .failure) {
      let model = LargeModel(dropout: 0, threads: 1)
      let cached = CachedDecoder(
        model.state, team: model.team, use: CachedDecoder.Use(samples: 2))
      cached.append([Int32](repeating: 1, count: model.config.context), to: 1)
      cached.append(each: [1, 1])
    }
    await #expect(processExitsWith: .failure) {
      let model = LargeModel(dropout: 0, threads: 1)
      _ = CachedDecoder(model.state, team: model.team, use: CachedDecoder.Use(samples: 0))
    }
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
