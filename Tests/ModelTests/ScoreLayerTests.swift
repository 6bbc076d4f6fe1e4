import Buffers
import Foundation
import Kernels
import Model
import TestSupport
import Testing

/// The task's linear layer, apart from its numbers: see `TaskParityTests` for these.
struct ScoreLayerTests {
  /// Both ways to combine sequences.
  private static let layers: [(BatchExample.Combination, scores: Int)] = [
    (.added, 3), (.alternatives, 1),
  ]

  /// dL/dε along a random direction of all weights, all dropouts on, against a central difference; then of the layer's weight alone.
  @Test(arguments: layers)
  func gradientMatchesFiniteDifference(_ layer: (BatchExample.Combination, scores: Int)) {
    let model = TaskModel(scores: layer.scores, dropout: 0.2)
    model.classifierDropout = 0.3
    let batch = TaskModel.examples(layer.0, scores: layer.scores).batch()
    let gradients = Flat(model.table.count)
    _ = model.lossAndGradient(batch, into: gradients.vector)
    for range in [0..<model.table.count, model.table.scoreRange] {
      let weights = model.state.weights[range]
      // Downhill, by another random factor for each weight.
      let direction = gradients.vector[range].array.enumerated().map { index, gradient in
        gradient * Float(Philox(seed: 99).words(SIMD4(UInt32(index), 0, 0, 0)).x & 3)
      }
      let slope = zip(gradients.vector[range].array, direction).reduce(0) {
        $0 + Double($1.0) * Double($1.1)
      }
      let epsilon = Float(0.02 / slope)
      func perturbedLoss(_ step: Float) -> Double {
        let before = weights.array
        defer { weights.copy(from: before) }
        weights.copy(from: zip(before, direction).map { $0 + step * $1 })
        return model.loss(batch)
      }
      let difference = (perturbedLoss(epsilon) - perturbedLoss(-epsilon)) / Double(2 * epsilon)
      // The loss moves by 0.02 each way, and its float32 mean is good to 1e-6.
      #expect(abs(difference - slope) < 5e-3 * slope, "\(difference) against \(slope)")
    }
  }

  @Test(arguments: layers, [Precision.fp32, .bf16Emulated])
  func bitsDoNotDependOnThreadsOrRecomputation(
    _ layer: (BatchExample.Combination, scores: Int), _ precision: Precision
  ) {
    let batch = TaskModel.examples(layer.0, scores: layer.scores).batch()
    let runs = [(1, false), (2, false), (3, false), (2, true)].map { threads, recompute in
      let model = TaskModel(
        scores: layer.scores, threads: threads, precision: precision, recompute: recompute,
        dropout: 0.2)
      model.classifierDropout = 0.3
      let gradients = Flat(model.table.count)
      let loss = model.lossAndGradient(batch, into: gradients.vector)
      return (loss, model.decoder.exampleLogits(), gradients.vector.array)
    }
    for run in runs.dropFirst() {
      #expect(run.0 == runs[0].0)
      #expect(run.1 == runs[0].1)
      #expect(run.2 == runs[0].2)
    }
  }

  /// Among others of other lengths, or by itself.
  @Test(arguments: layers)
  func anExampleIsTheSameAloneAndInABatch(
    _ layer: (BatchExample.Combination, scores: Int)
  ) {
    let model = TaskModel(scores: layer.scores)
    model.classifierDropout = 0.3
    let examples = TaskModel.examples(layer.0, scores: layer.scores)
    let together = Flat(model.table.count)
    _ = model.lossAndGradient(examples.batch(), into: together.vector)
    let logits = model.decoder.exampleLogits()
    let losses = model.decoder.exampleLosses.array
    let apart = Flat(model.table.count)
    for (index, example) in examples.list.enumerated() {
      let batch = Examples(list: [example], combination: layer.0)
        .batch(samples: [UInt32(index)])
      _ = model.lossAndGradient(
        batch, into: apart.vector, divisor: Double(examples.list.count))
      // Another number of rows may be summed by another kernel of the BLAS.
      #expect(relativeDifference(model.decoder.exampleLogits()[0], logits[index]) < 1e-5)
      #expect(abs(model.decoder.exampleLosses[0] - losses[index]) < 1e-5)
    }
    for parameter in model.table.parameters {
      #expect(
        relativeDifference(
          apart.vector[parameter.range].array, together.vector[parameter.range].array) < 1e-5,
        "\(parameter.name)")
    }
  }

  /// λ = 0: the vocabulary is passed by, with what products by zeros would give.
  @Test func withoutLanguageModellingTheGradientIsThatOfWeightsOfZero() {
    let model = TaskModel(scores: 3, dropout: 0.2)
    var examples = TaskModel.examples(.added, scores: 3)
    examples.languageCoefficient = 0
    var batch = examples.batch()
    #expect(!batch.predictsTokens)
    let gradients = Flat(model.table.count)
    model.forward(batch)
    let losses = model.decoder.backward(divisor: 9, addingTo: gradients.vector).array
    #expect(losses == [Float](repeating: 0, count: batch.tokens.count))
    // A weight whose quotient by the divisor is zero.
    batch.lossWeights[1] = .leastNonzeroMagnitude
    #expect(batch.predictsTokens)
    let others = Flat(model.table.count)
    model.forward(batch)
    let computed = model.decoder.backward(divisor: 9, addingTo: others.vector).array
    #expect(computed[0] > 1)
    #expect(gradients.vector.array == others.vector.array)
    #expect(gradients.vector[model.table.scoreRange].array.contains { $0 != 0 })
  }

  /// Announced gradients are final, the layer's weight comes first, and with the lookup's rows everything is announced.
  @Test(arguments: [Float(0), 0.5])
  func theLayersWeightIsAnnouncedFirst(languageCoefficient: Float) {
    let model = TaskModel(scores: 3, dropout: 0.2)
    let table = model.table
    var examples = TaskModel.examples(.added, scores: 3)
    examples.languageCoefficient = languageCoefficient
    let batch = examples.batch()
    let whole = Flat(table.count)
    var announced: [Range<Int>] = []
    model.forward(batch)
    _ = model.decoder.backward(
      divisor: 9, addingTo: whole.vector, ready: { announced.append($0) })
    #expect(
      announced == [table.scoreRange] + table.blockRanges.reversed() + [table.embeddingRange])
    #expect(announced == table.announcedRanges(.backToFront))
    #expect(announced.reduce(0) { $0 + $1.count } == table.count)

    let apart = Flat(table.count)
    var parts: [(range: Range<Int>, floats: [Float])] = []
    model.forward(batch)
    _ = model.decoder.backward(
      divisor: 9, addingTo: apart.vector, order: .tableFirst,
      ready: { parts.append(($0, apart.vector[$0].array)) })
    #expect(parts.map(\.range) == table.announcedRanges(.tableFirst))
    #expect(table.announcedRanges(.tableFirst).first == table.scoreRange)
    #expect(table.announcedRanges(.tableFirst).reduce(0) { $0 + $1.count } == table.count)
    for (range, floats) in parts { #expect(apart.vector[range].array == floats) }
    let others = table.tokenRange.upperBound..<table.count
    #expect(apart.vector[others].array == whole.vector[others].array)
  }

  @Test func alternativesShareTheirMaskAndExamplesDoNot() {
    let model = TaskModel(scores: 1)
    model.classifierDropout = 0.5
    let sequence: [Int32] = [3, 1, 4, 1, 5]
    let twice = Example(sequences: [sequence, sequence], target: [1, 0])
    model.forward(Examples(list: [twice, twice], combination: .alternatives).batch())
    let logits = model.decoder.exampleLogits()
    // Another row of a product may be summed by another kernel of the BLAS.
    func areClose(_ a: [Float], _ b: [Float]) -> Bool { relativeDifference(a, b) < 1e-4 }
    #expect(areClose([logits[0][0]], [logits[0][1]]))
    #expect(areClose([logits[1][0]], [logits[1][1]]))
    #expect(!areClose(logits[0], logits[1]))
    // The same keys again, and that of the next step.
    model.forward(
      Examples(list: [twice, twice], combination: .alternatives).batch(samples: [1, 0]))
    let swapped = model.decoder.exampleLogits()
    #expect(areClose(swapped[0], logits[1]) && areClose(swapped[1], logits[0]))
    model.dropout = Dropout(probability: 0, seed: 0, step: 1)
    model.forward(Examples(list: [twice, twice], combination: .alternatives).batch())
    #expect(!areClose(model.decoder.exampleLogits()[0], logits[0]))
  }

  @Test func classifierDropoutPreservesTheMean() {
    let model = TaskModel(scores: 1)
    let example = Example(sequences: [[3, 1, 4, 1, 5]], target: [1])
    let batch = Examples(
      list: Array(repeating: example, count: 30), combination: .added
    ).batch()
    model.forward(batch)
    let wanted = Double(model.decoder.exampleLogits()[0][0])
    model.classifierDropout = 0.2
    var drawn: [Double] = []
    for step in 0..<50 {
      model.dropout = Dropout(probability: 0, seed: 8, step: UInt32(step))
      model.forward(batch)
      drawn += model.decoder.exampleLogits().map { Double($0[0]) }
    }
    let mean = drawn.reduce(0, +) / Double(drawn.count)
    let variance = drawn.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(drawn.count)
    // 1,500 draws: five standard errors.
    #expect(variance > 0)
    #expect(abs(mean - wanted) < 5 * (variance / Double(drawn.count)).squareRoot())
  }

  /// An example without a known answer has a prediction, no loss and no gradient.
  @Test func anExampleWithoutAnAnswerOnlyHasAPrediction() {
    let model = TaskModel(scores: 3)
    var examples = TaskModel.examples(.added, scores: 3)
    examples.languageCoefficient = 0
    let known = examples.batch()
    model.forward(known)
    let probabilities = model.decoder.exampleProbabilities()
    for index in examples.list.indices { examples.list[index].target = [] }
    let gradients = Flat(model.table.count)
    let loss = model.lossAndGradient(examples.batch(), into: gradients.vector)
    #expect(loss == 0)
    #expect(model.decoder.exampleProbabilities() == probabilities)
    #expect(probabilities.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-12 })
    #expect(gradients.vector.array.allSatisfy { $0 == 0 })
  }

  @Test func aPlainModelHasNoSuchLayerAndTakesNothingForIt() throws {
    var config = ModelConfig()
    let plain = ParameterTable(config)
    #expect(
      plain.scoreRange.isEmpty && plain.announcedRanges(.tableFirst).first == plain.tokenRange)
    let use = DecoderUse(capacity: 512, training: true)
    let floats = Decoder.activationCount(config, use, threads: 2)
    config.scores = 3
    let table = ParameterTable(config)
    #expect(table.parameters.dropLast() == plain.parameters[...])
    #expect(table.parameters.last?.shape == [3, 768] && table.parameters.last?.decays == true)
    // Two rows of 16 for each sequence there may be, and a loss.
    #expect(Decoder.activationCount(config, use, threads: 2) == floats + 512 * 33)
    config.scores = 4097
    #expect(config.problem?.contains("4097") == true)
  }

  @Test func configurationsFromBeforeAreRead() throws {
    var config = ModelConfig()
    config.width = 48
    config.scores = 3
    let json = try JSONEncoder().encode(config)
    #expect(try JSONDecoder().decode(ModelConfig.self, from: json) == config)
    var fields = try #require(
      JSONSerialization.jsonObject(with: json) as? [String: Any])
    fields["scores"] = nil
    config.scores = 0
    let before = try JSONSerialization.data(withJSONObject: fields)
    #expect(try JSONDecoder().decode(ModelConfig.self, from: before) == config)
  }

  @Test func refusesExamplesThatDoNotFit() async {
    await #expect(processExitsWith: .failure) {
      TaskModel(scores: 0).forward(TaskModel.examples(.added, scores: 3).batch())
    }
    await #expect(processExitsWith: .failure) {
      TaskModel(scores: 2).forward(TaskModel.examples(.alternatives, scores: 1).batch())
    }
    await #expect(processExitsWith: .failure) {
      TaskModel(scores: 4).forward(TaskModel.examples(.added, scores: 3).batch())
    }
    await #expect(processExitsWith: .failure) {
      var batch = TaskModel.examples(.added, scores: 3).batch()
      batch.examples.removeLast()
      TaskModel(scores: 3).forward(batch)
    }
    await #expect(processExitsWith: .failure) {
      var batch = TaskModel.examples(.added, scores: 3).batch()
      batch.examples[1].target[0] += 0.5
      TaskModel(scores: 3).forward(batch)
    }
  }
}
