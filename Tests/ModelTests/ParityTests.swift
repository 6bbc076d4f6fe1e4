import Buffers
import Kernels
import Model
import TestSupport
import Testing

/// Against Hugging Face's `OpenAIGPTLMHeadModel`, with every engine of matrix products; tolerances are those that float32 on both sides allows.
struct ParityTests {
  @Test(arguments: ProductEngine.allCases, Fixture.all)
  func logitsAndLossEqualHuggingFaces(_ engine: ProductEngine, _ fixture: Fixture) throws {
    let model = try TestModel(fixture, engine)
    model.decoder.forward(model.batch)
    let rows = model.batch.rows
    let logits = Flat(rows * model.config.vocabularySize)
    model.decoder.logits(
      rows: 0..<rows,
      into: logits.vector.matrix(rows: rows, columns: model.config.vocabularySize))
    let expected = try fixture.tensors("logits.safetensors")
    #expect(
      expected.shapes["logits"]
        == [model.batch.sequences, model.batch.longest, model.config.vocabularySize])
    #expect(relativeDifference(logits.vector.array, try expected.floats("logits")) < 1e-5)

    let loss = model.mean(model.decoder.losses())
    let wanted = try fixture.json(Fixture.Loss.self, "loss.json").loss
    #expect(abs(loss - wanted) < 1e-5 * wanted)
  }

  @Test(arguments: ProductEngine.allCases, Fixture.all)
  func everyGradientEqualsHuggingFacesAndAddsToWhatIsThere(
    _ engine: ProductEngine, _ fixture: Fixture
  ) throws {
    let model = try TestModel(fixture, engine)
    let gradients = Flat(model.table.count)
    let expected = Flat(model.table.count)
    try fixture.read("gradients.safetensors", table: model.table, into: expected.vector)
    model.decoder.forward(model.batch)
    var ranges: [Range<Int>] = []
    let losses = model.decoder.backward(
      divisor: model.batch.targetCount, addingTo: gradients.vector
    ) { ranges.append($0) }

    for parameter in model.table.parameters {
      let difference = relativeDifference(
        gradients.vector[parameter.range].array, expected.vector[parameter.range].array)
      #expect(difference < 1e-4, "\(parameter.name)")
    }
    let wanted = try fixture.json(Fixture.Loss.self, "loss.json").loss
    #expect(abs(model.mean(losses) - wanted) < 1e-5 * wanted)
    #expect(ranges == model.table.blockRanges.reversed() + [model.table.embeddingRange])

    model.decoder.forward(model.batch)
    _ = model.decoder.backward(divisor: model.batch.targetCount, addingTo: gradients.vector)
    let doubled = expected.vector.array.map { 2 * $0 }
    #expect(relativeDifference(gradients.vector.array, doubled) < 1e-4)
  }

  @Test(arguments: ProductEngine.allCases, Fixture.all)
  func tenUpdatesFollowOpenAIsAdam(_ engine: ProductEngine, _ fixture: Fixture) throws {
    let model = try TestModel(fixture, engine)
    let trajectory = try fixture.json(Fixture.Trajectory.self, "trajectory.json")
    let gradients = Flat(model.table.count)
    let optimizer = OptimizerState(.adamW(AdamW()), table: model.table, team: model.team)
    for (index, wanted) in trajectory.losses.enumerated() {
      let step = index + 1
      gradients.vector.fill(0)
      model.decoder.forward(model.batch)
      let losses = model.decoder.backward(
        divisor: model.batch.targetCount, addingTo: gradients.vector)
      #expect(abs(model.mean(losses) - wanted) < 1e-4 * wanted, "before step \(step)")
      let norm = model.table.squares(
        gradients.vector, range: 0..<model.table.count, team: model.team
      ).reduce(0, +).squareRoot()
      #expect(abs(norm - trajectory.gradientNorms[index]) < 1e-3 * norm, "before step \(step)")
      let schedule: Schedule = trajectory.schedule == "constant" ? .constant : .cosine
      let factor = schedule.factor(
        step: step, steps: trajectory.updates, warmUp: trajectory.warmupUpdates)
      #expect(abs(factor - trajectory.scheduleFactors[index]) < 1e-12)
      optimizer.update(
        weights: model.state.weights, gradients: gradients.vector, range: 0..<model.table.count,
        OptimizerStep(
          step, rate: trajectory.learningRate * factor,
          gradientScale: Float(min(1, (trajectory.clipNorm ?? .infinity) / norm))))
    }
  }

  @Test(arguments: ProductEngine.allCases, Fixture.all)
  func cachedDecodingGivesTheSameLogits(_ engine: ProductEngine, _ fixture: Fixture) throws {
    let model = try TestModel(fixture, engine)
    let length = model.batch.longest
    let classes = model.config.vocabularySize
    let tokens = Array(model.batch.tokens[0..<length])
    model.decoder.forward(model.batch)
    let all = Flat(length * classes)
    let logits = all.vector.matrix(rows: length, columns: classes)
    model.decoder.logits(rows: 0..<length, into: logits)
    let cached = CachedDecoder(model.state, team: model.team, engine: engine)
    // A prompt of some tokens at once, then one by one.
    var position = length / 2
    var next = cached.append(Array(tokens[0..<position]))
    while true {
      #expect(relativeDifference(next.array, logits[row: position - 1].array) < 1e-5)
      guard position < length else { break }
      next = cached.append([tokens[position]])
      position += 1
    }
  }
}

/// A fixture's model, ready to compute.
final class TestModel {
  let config: ModelConfig
  let table: ParameterTable
  let batch: Batch
  let state: ModelState
  let team: ThreadTeam
  let decoder: Decoder

  init(_ fixture: Fixture, _ engine: ProductEngine? = nil, threads: Int = 2) throws {
    config = try fixture.config()
    state = ModelState(config, training: false)
    table = state.table
    batch = try fixture.batch()
    try fixture.read("model.safetensors", table: table, into: state.weights)
    team = ThreadTeam(size: threads)
    var use = DecoderUse(capacity: batch.tokens.count, training: true)
    use.engine = engine
    decoder = Decoder(state, team: team, use: use)
  }

  /// The mean loss over the positions that count.
  func mean(_ losses: Vector) -> Double {
    zip(losses.array, batch.lossWeights).reduce(0) { $0 + Double($1.0 * $1.1) } / batch.targetCount
  }
}
