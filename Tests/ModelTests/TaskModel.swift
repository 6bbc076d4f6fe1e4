import Buffers
import Kernels
import Model

/// An example of a task before it is laid out in a batch: each sequence ends with its end token.
struct Example: Decodable {
  var sequences: [[Int32]]
  var target: [Float]
}

/// The examples of one micro-batch.
struct Examples {
  var list: [Example]
  var combination: BatchExample.Combination
  /// λ
  var languageCoefficient = Float(0.5)

  func batch(samples: [UInt32]? = nil) -> Batch {
    let sequences = list.flatMap(\.sequences)
    var weights: [Float] = []
    var examples: [BatchExample] = []
    var first = 0
    for (index, example) in list.enumerated() {
      for sequence in example.sequences {
        let count = sequence.count - 1
        let weight = languageCoefficient / Float(example.sequences.count * count)
        weights += Array(repeating: weight, count: count) + [0]
      }
      examples.append(
        BatchExample(
          sequences: first..<first + example.sequences.count, combination: combination,
          target: example.target, sample: samples?[index] ?? UInt32(index)))
      first += example.sequences.count
    }
    return Batch(
      lengths: sequences.map(\.count), tokens: sequences.flatMap { $0 },
      targets: sequences.flatMap { $0.dropFirst() + [0] }, lossWeights: weights,
      samples: sequences.indices.map { UInt32($0 + 50) }, examples: examples)
  }
}

/// A model with a task's linear layer on it, ready to compute.
final class TaskModel {
  let state: ModelState
  let team: ThreadTeam
  let decoder: Decoder
  var table: ParameterTable { state.table }
  var dropout = Dropout.none
  var classifierDropout = Float(0)

  /// - Parameter weights: fills them
  init(
    _ config: ModelConfig, threads: Int = 2, precision: Precision = .fp32, recompute: Bool = false,
    weights: (ModelState, ThreadTeam) throws -> Void
  ) rethrows {
    team = ThreadTeam(size: threads)
    state = ModelState(config, training: false, precision: precision)
    try weights(state, team)
    state.weightsChanged(team: team)
    var use = DecoderUse(capacity: 32 * config.context, training: true)
    use.precision = precision
    use.recompute = recompute
    decoder = Decoder(state, team: team, use: use)
  }

  convenience init(_ fixture: Fixture) throws {
    try self.init(try fixture.config()) { state, _ in
      try fixture.read("model.safetensors", table: state.table, into: state.weights)
    }
  }

  /// 5 heads of 16 columns, so that the layer has more than one tile of everything.
  convenience init(
    scores: Int, threads: Int = 2, precision: Precision = .fp32, recompute: Bool = false,
    dropout: Float = 0
  ) {
    var config = ModelConfig()
    config.vocabularySize = 300
    config.context = 24
    config.width = 80
    config.heads = 5
    config.layers = 2
    config.dropout = dropout
    config.initialStandardDeviation = 0.15
    config.scores = scores
    self.init(config, threads: threads, precision: precision, recompute: recompute) { state, team in
      state.table.initialize(state.weights, config: config, seed: 7, team: team)
    }
    self.dropout = Dropout(probability: dropout, seed: 5, step: 3)
  }

  /// Nine examples of one to four sequences of 2 to 24 tokens.
  static func examples(_ combination: BatchExample.Combination, scores: Int) -> Examples {
    let list = (0..<9).map { index in
      let count = combination == .alternatives ? 1 + index % 4 : 1 + index % 2
      let sequences = (0..<count).map { sequence in
        (0..<2 + (index * 7 + sequence * 5) % 23).map {
          Int32(($0 * ($0 + 31) + index * 17 + sequence * 101) % 300)
        }
      }
      let outputs = combination == .alternatives ? count : scores
      let target = (0..<outputs).map { Float($0 == index % outputs ? 0.75 : 0) }
      // The rest lies on the last one.
      return Example(
        sequences: sequences,
        target: target.enumerated().map { $1 + ($0 == outputs - 1 ? 0.25 : 0) })
    }
    return Examples(list: list, combination: combination)
  }

  func forward(_ batch: Batch) {
    decoder.forward(batch, dropout: dropout, classifierDropout: classifierDropout)
  }

  /// (Σ weight · loss + Σ loss of examples) / examples
  func mean(_ losses: Vector, _ batch: Batch) -> Double {
    let tokens = zip(losses.array, batch.lossWeights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    let examples = decoder.exampleLosses.array.reduce(0) { $0 + Double($1) }
    return (tokens + examples) / Double(batch.examples.count)
  }

  func loss(_ batch: Batch) -> Double {
    forward(batch)
    return mean(decoder.losses(), batch)
  }

  func lossAndGradient(_ batch: Batch, into gradients: Vector, divisor: Double? = nil) -> Double {
    forward(batch)
    let losses = decoder.backward(
      divisor: divisor ?? Double(batch.examples.count), addingTo: gradients)
    return mean(losses, batch)
  }
}
