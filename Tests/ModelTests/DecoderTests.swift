import Buffers
import Kernels
import Model
import TestSupport
import Testing

/// On shapes that fill more than one tile of everything: rows, blocks of queries, windows of weights, the vocabulary and its chunks.
struct DecoderTests {
  /// dL/dε along a random direction of all weights at once, dropout on, against a central difference.
  @Test(arguments: ProductEngine.allCases, [Float(0), 0.2])
  func gradientMatchesFiniteDifference(_ engine: ProductEngine, dropout: Float) throws {
    let model = LargeModel(dropout: dropout, threads: 2, engine: engine)
    let gradients = Flat(model.table.count)
    let loss = model.lossAndGradient(into: gradients.vector)
    #expect(loss > 6 && loss < 9)

    // Downhill all in all, by another random factor for each weight: a slope far above float32's noise to which every gradient
    // contributes. The factors and the weights have different seeds.
    let direction = Flat(model.table.count)
    var slope = 0.0
    for index in 0..<model.table.count {
      let gradient = gradients.vector[index]
      direction.vector[index] =
        gradient * Float(Philox(seed: 99).words(SIMD4(UInt32(index), 0, 0, 0)).x & 3)
      slope += Double(gradient) * Double(direction.vector[index])
    }
    let epsilon = Float(0.02 / slope)
    func perturbedLoss(_ step: Float) -> Double {
      let weights = model.state.weights.array
      defer { model.state.weights.copy(from: weights) }
      for (index, weight) in weights.enumerated() {
        model.state.weights[index] = weight + step * direction.vector[index]
      }
      return model.loss()
    }
    let difference = (perturbedLoss(epsilon) - perturbedLoss(-epsilon)) / Double(2 * epsilon)
    // The loss moves by 0.02 each way, and its float32 mean is good to 1e-6.
    #expect(abs(difference - slope) < 2e-3 * slope, "\(difference) against \(slope)")
  }

  @Test(arguments: ProductEngine.allCases, Precision.allCases.filter(\.isSupported))
  func bitsDoNotDependOnThreads(_ engine: ProductEngine, _ precision: Precision) {
    guard engine.computes(precision) else { return }
    func model(_ threads: Int) -> LargeModel {
      LargeModel(dropout: 0.2, threads: threads, precision: precision, engine: engine)
    }
    let one = model(1)
    let expected = Flat(one.table.count)
    let loss = one.lossAndGradient(into: expected.vector)
    for threads in [2, 3] {
      let model = model(threads)
      let gradients = Flat(model.table.count)
      #expect(model.lossAndGradient(into: gradients.vector) == loss)
      #expect(gradients.vector.array == expected.vector.array)
    }
  }

  /// Recomputing is the same arithmetic once more.
  @Test(arguments: [Precision.fp32, .bf16Emulated]) func recomputingGivesTheSameBits(
    _ precision: Precision
  ) {
    let kept = LargeModel(dropout: 0.2, threads: 2, precision: precision)
    let expected = Flat(kept.table.count)
    let loss = kept.lossAndGradient(into: expected.vector)
    let model = LargeModel(dropout: 0.2, threads: 2, precision: precision, recompute: true)
    let gradients = Flat(model.table.count)
    #expect(model.lossAndGradient(into: gradients.vector) == loss)
    #expect(gradients.vector.array == expected.vector.array)
  }

  /// Factors have 8 bits of significand, and everything else is as in fp32.
  @Test func bf16IsCloseToFP32AndTheSameForAllThreads() {
    let exact = LargeModel(dropout: 0.2, threads: 2)
    let expected = Flat(exact.table.count)
    let loss = exact.lossAndGradient(into: expected.vector)
    let one = LargeModel(dropout: 0.2, threads: 1, precision: .bf16Emulated)
    let gradients = Flat(one.table.count)
    let rounded = one.lossAndGradient(into: gradients.vector)
    #expect(abs(rounded - loss) < 2e-3 * loss && rounded != loss)
    #expect(relativeDifference(gradients.vector.array, expected.vector.array) < 2e-2)
    let two = LargeModel(dropout: 0.2, threads: 2, precision: .bf16Emulated)
    let others = Flat(two.table.count)
    #expect(two.lossAndGradient(into: others.vector) == rounded)
    #expect(others.vector.array == gradients.vector.array)
  }

  @Test func leavesAddUpToTheBatch() {
    let model = LargeModel(dropout: 0.2, threads: 2)
    let whole = Flat(model.table.count)
    _ = model.lossAndGradient(into: whole.vector)
    let parts = Flat(model.table.count)
    for sample in 0..<model.batch.sequences {
      model.decoder.forward(model.batch.sequence(sample), dropout: model.dropout)
      _ = model.decoder.backward(divisor: model.batch.targetCount, addingTo: parts.vector)
    }
    #expect(relativeDifference(parts.vector.array, whole.vector.array) < 1e-5)
  }

  /// Announced gradients are final, and together with the lookup's rows they are the whole gradient.
  @Test(arguments: [Precision.fp32, .bf16Emulated], [false, true])
  func theLookupCanBeKeptApart(precision: Precision, recompute: Bool) {
    let model = LargeModel(dropout: 0.2, threads: 2, precision: precision, recompute: recompute)
    let table = model.table
    let whole = Flat(table.count)
    let loss = model.lossAndGradient(into: whole.vector)
    let apart = Flat(table.count)
    var announced: [(range: Range<Int>, floats: [Float])] = []
    var ids: [Int32] = []
    var rows: [Float] = []
    model.decoder.forward(model.batch, dropout: model.dropout)
    let losses = model.decoder.backward(
      divisor: model.batch.targetCount, addingTo: apart.vector, order: .tableFirst,
      ready: { announced.append(($0, apart.vector[$0].array)) },
      lateRows: { (ids, rows) = ($0, $1.array) })
    #expect(losses.array.reduce(0) { $0 + Double($1) } / model.batch.targetCount == loss)
    #expect(
      announced.map(\.range) == table.announcedRanges(.tableFirst))
    #expect(table.announcedRanges(.tableFirst).reduce(0) { $0 + $1.count } == table.count)
    for (range, floats) in announced {
      let isFinal = apart.vector[range].array == floats
      #expect(isFinal, "\(range)")
    }
    #expect(ids == Set(model.batch.tokens).sorted())
    let width = model.config.width
    for (index, id) in ids.enumerated() {
      for column in 0..<width {
        apart.vector[Int(id) * width + column] += rows[index * width + column]
      }
    }
    let others = table.tokenRange.upperBound..<table.count
    let isSame = apart.vector[others].array == whole.vector[others].array
    #expect(isSame)
    // Only the order of summation is another.
    #expect(
      relativeDifference(
        apart.vector[table.tokenRange].array, whole.vector[table.tokenRange].array) < 1e-6)
  }

  /// Sequences of any lengths are computed as if each was padded to the longest: losses, gradients and dropout.
  @Test(arguments: ProductEngine.allCases) func raggedBatchesEqualPaddedOnes(
    _ engine: ProductEngine
  ) {
    let model = LargeModel(dropout: 0.2, threads: 2, engine: engine)
    let lengths = [1, 130, 64, 65, 17]
    func batch(padded: Bool) -> Batch {
      func rows(_ ids: [Int32]) -> [Int32] {
        lengths.enumerated().flatMap { sequence, length in
          ids[sequence * 130..<sequence * 130 + (padded ? 130 : length)]
        }
      }
      return Batch(
        lengths: padded ? model.batch.lengths : lengths, tokens: rows(model.batch.tokens),
        targets: rows(model.batch.targets),
        lossWeights: lengths.flatMap { length in
          (0..<(padded ? 130 : length)).map { $0 < length ? 1 : 0 }
        }, samples: model.batch.samples)
    }
    let found = [false, true].map { padded in
      let gradients = Flat(model.table.count)
      let batch = batch(padded: padded)
      let losses = model.losses(of: batch, gradient: gradients.vector)
      return (
        losses: zip(losses, batch.lossWeights).filter { $0.1 > 0 }.map(\.0),
        gradients: gradients.vector.array
      )
    }
    #expect(found[0].losses.count == 277)
    #expect(relativeDifference(found[0].losses, found[1].losses) < 1e-6)
    #expect(relativeDifference(found[0].gradients, found[1].gradients) < 1e-5)
  }

  @Test func dropoutChangesFromStepToStepOnly() {
    let model = LargeModel(dropout: 0.2, threads: 2)
    let first = model.loss()
    #expect(model.loss() == first)
    model.dropout = Dropout(probability: 0.2, seed: 5, step: 2)
    #expect(model.loss() != first)
  }

  @Test func positionsWithoutWeightCountForNothing() {
    let model = LargeModel(dropout: 0, threads: 2)
    var batch = model.batch
    for position in 0..<batch.tokens.count where position % 3 > 0 {
      batch.lossWeights[position] = 0
      batch.targets[position] = 0
    }
    let gradients = Flat(model.table.count)
    model.decoder.forward(batch)
    _ = model.decoder.backward(divisor: batch.targetCount, addingTo: gradients.vector)
    for position in 0..<batch.tokens.count where position % 3 > 0 { batch.targets[position] = 1 }
    let others = Flat(model.table.count)
    model.decoder.forward(batch)
    _ = model.decoder.backward(divisor: batch.targetCount, addingTo: others.vector)
    #expect(gradients.vector.array == others.vector.array)
  }

  @Test func refusesWhatDoesNotFit() async {
    await #expect(processExitsWith: .failure) {
      let model = LargeModel(dropout: 0, threads: 1)
      var batch = model.batch
      batch.tokens[3] = Int32(model.config.vocabularySize)
      model.decoder.forward(batch)
    }
    await #expect(processExitsWith: .failure) {
      let model = LargeModel(dropout: 0, threads: 1)
      _ = model.decoder.losses()
    }
  }
}

/// 5 sequences of 130 tokens, 3 heads of 8 columns, a vocabulary of 1,500.
final class LargeModel {
  let config: ModelConfig
  let table: ParameterTable
  let state: ModelState
  let team: ThreadTeam
  let decoder: Decoder
  let batch: Batch
  var dropout: Dropout

  init(
    dropout: Float, threads: Int, precision: Precision = .fp32, recompute: Bool = false,
    engine: ProductEngine? = nil
  ) {
    var config = ModelConfig()
    config.vocabularySize = 1_500
    config.context = 130
    config.width = 24
    config.heads = 3
    config.layers = 3
    config.dropout = dropout
    config.initialStandardDeviation = 0.2
    self.config = config
    state = ModelState(config, training: false, precision: precision)
    table = state.table
    team = ThreadTeam(size: threads)
    table.initialize(state.weights, config: config, seed: 7, team: team)
    state.weightsChanged(team: team)
    var use = DecoderUse(capacity: 5 * 130, training: true)
    use.precision = precision
    use.recompute = recompute
    use.engine = engine
    decoder = Decoder(state, team: team, use: use)
    var (tokens, targets): ([Int32], [Int32]) = ([], [])
    for place in 0..<650 {
      tokens.append(Int32(place * (place + 31) % 1_500))
      targets.append((tokens[place] + 77) % 1_500)
    }
    batch = Batch(
      lengths: [130, 130, 130, 130, 130], tokens: tokens, targets: targets,
      lossWeights: [Float](repeating: 1, count: 650), samples: [4, 9, 2, 100, 7])
    self.dropout = Dropout(probability: dropout, seed: 5, step: 1)
  }

  func loss() -> Double {
    decoder.forward(batch, dropout: dropout)
    return decoder.losses().array.reduce(0) { $0 + Double($1) } / batch.targetCount
  }

  func losses(of batch: Batch, gradient: Vector) -> [Float] {
    decoder.forward(batch, dropout: dropout)
    return decoder.backward(divisor: batch.targetCount, addingTo: gradient).array
  }

  func lossAndGradient(into gradients: Vector) -> Double {
    decoder.forward(batch, dropout: dropout)
    let losses = decoder.backward(divisor: batch.targetCount, addingTo: gradients)
    return losses.array.reduce(0) { $0 + Double($1) } / batch.targetCount
  }
}

extension Batch {
  var lengths: [Int] { (0..<sequences).map { rows(of: $0).count } }

  /// One of its sequences.
  func sequence(_ index: Int) -> Batch {
    let rows = rows(of: index)
    return Batch(
      lengths: [rows.count], tokens: Array(tokens[rows]), targets: Array(targets[rows]),
      lossWeights: Array(lossWeights[rows]), samples: [samples[index]])
  }
}
