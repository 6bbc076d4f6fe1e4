import Buffers
import Foundation
import Kernels
import Model
import Testing
import Training

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

  func config() throws -> ModelConfig {
    var config = try ModelFolder.config(folder)
    config.dropout = 0
    return config
  }

  func batch() throws -> Batch {
    let tokens = try json([[Int32]].self, "tokens.json")
    let length = tokens[0].count
    return Batch(
      sequences: tokens.count, length: length, tokens: tokens.flatMap { $0 },
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
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: "\(folder)/\(file)")))
  }

  /// The tensors of one of its files, in a flat vector of the parameter table.
  func read(_ file: String, table: ParameterTable, into flat: Vector) throws {
    let tensors = try SafetensorsFile("\(folder)/\(file)")
    for parameter in table.parameters {
      try tensors.read(
        tensors.name(of: parameter.name), into: flat[parameter.range], expecting: parameter.shape)
    }
  }
}

/// A flat vector with its owner.
final class Flat {
  let buffer: FloatBuffer
  init(_ count: Int) { buffer = FloatBuffer(count) }
  var vector: Vector { buffer.vector }
}

/// ‖a − b‖/‖b‖ in Float64.
func relativeDifference(_ a: [Float], _ b: [Float]) -> Double {
  precondition(a.count == b.count)
  var difference = 0.0
  var norm = 0.0
  for (a, b) in zip(a, b) {
    difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
    norm += Double(b) * Double(b)
  }
  return (difference / norm).squareRoot()
}
