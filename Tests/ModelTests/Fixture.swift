import Buffers
import Foundation
import Kernels
import Model
import TestSupport
import Testing

/// One of Hugging Face's models in `Fixtures/`; see `make_fixtures.py` and `make_task_fixtures.py`.
struct Fixture: CustomTestStringConvertible, Sendable {
  let name: String
  let testDescription: String

  static let all = ["even", "odd", "short", "one-head"].map(Fixture.init)
  static let tasks = [
    "task-classification", "task-entailment", "task-similarity", "task-multiple-choice",
  ].map(Fixture.init)

  private init(_ name: String) {
    self.name = name
    testDescription = name
  }

  var folder: String { Bundle.module.bundlePath + "/Fixtures/\(name)" }

  /// The fields of its config.json that decide on the arithmetic.
  private struct Description: Decodable {
    let width, heads, layers, positions, vocabularySize: Int
    let layerNormEpsilon, initializerRange: Float

    enum CodingKeys: String, CodingKey {
      case width = "n_embd"
      case heads = "n_head"
      case layers = "n_layer"
      case positions = "n_positions"
      case vocabularySize = "vocab_size"
      case layerNormEpsilon = "layer_norm_epsilon"
      case initializerRange = "initializer_range"
    }
  }

  func config() throws -> ModelConfig {
    let description = try json(Description.self, "config.json")
    var config = ModelConfig()
    config.vocabularySize = description.vocabularySize
    config.context = description.positions
    config.width = description.width
    config.heads = description.heads
    config.layers = description.layers
    config.layerNormEpsilon = description.layerNormEpsilon
    config.initialStandardDeviation = description.initializerRange
    config.dropout = 0
    config.scores = try tensors("model.safetensors").shapes["score.weight"]?.first ?? 0
    return config
  }

  func batch() throws -> Batch {
    let tokens = try json([[Int32]].self, "tokens.json")
    let length = tokens[0].count
    return Batch(
      lengths: tokens.map(\.count), tokens: tokens.flatMap { $0 },
      targets: tokens.flatMap { Array($0.dropFirst()) + [0] },
      lossWeights: tokens.flatMap { _ in Array(repeating: 1, count: length - 1) + [0] },
      samples: tokens.indices.map { UInt32($0) })
  }

  struct Loss: Decodable { let loss: Double }

  struct Trajectory: Decodable {
    let learningRate: Double
    let schedule: String
    let warmupUpdates: Int
    let updates: Int
    let clipNorm: Double?
    let losses: [Double]
    let gradientNorms: [Double]
    let scheduleFactors: [Double]
  }

  func json<Value: Decodable>(_ type: Value.Type, _ file: String) throws -> Value {
    try TestSupport.json(type, at: "\(folder)/\(file)")
  }

  func tensors(_ file: String) throws -> Tensors {
    try Tensors(Data(bytes(of: "\(folder)/\(file)")))
  }

  /// The tensors of one of its files, in a flat vector of the parameter table.
  func read(_ file: String, table: ParameterTable, into flat: Vector) throws {
    let tensors = try tensors(file)
    for parameter in table.parameters {
      let isScore = parameter.name == "score.weight"
      let name = isScore ? parameter.name : "transformer.\(parameter.name)"
      try #require(tensors.shapes[name] == parameter.shape, "\(name)")
      flat[parameter.range].copy(from: try tensors.floats(name))
    }
  }
}

/// A flat vector with its owner.
final class Flat {
  let buffer: FloatBuffer
  init(_ count: Int) { buffer = FloatBuffer(count) }
  var vector: Vector { buffer.vector }
}
