import Buffers
import Foundation
import Kernels
import Model
import Testing

/// Declarations of optimizers, and their states.
@Suite struct OptimizerTests {
  private let config = OptimizerConfig.adamW(AdamW())

  private var model: ModelConfig {
    var model = ModelConfig()
    model.vocabularySize = 301
    model.context = 40
    model.width = 96
    model.layers = 3
    model.heads = 4
    return model
  }

  /// Numbers that are neither alike nor large.
  private func fill(_ vector: Vector, seed: Int) {
    for index in 0..<vector.count { vector[index] = Float((index * 37 + seed) % 101 - 50) / 64 }
  }

  /// The weights after three steps whose ranges are `parts` of all.
  private func weights(_ table: ParameterTable, in parts: [Range<Int>], threads: Int) -> [Float] {
    let weights = FloatBuffer(table.count)
    let gradients = FloatBuffer(table.count)
    let team = ThreadTeam(size: threads)
    fill(weights.vector, seed: 1)
    let states = parts.map { OptimizerState(config, table: table, team: team, range: $0) }
    for step in 1...3 {
      fill(gradients.vector, seed: 5 + step)
      for state in states {
        state.update(
          weights: weights.vector, gradients: gradients.vector, range: state.range,
          OptimizerStep(step, rate: 1e-2, gradientScale: 0.5))
      }
    }
    return weights.vector.array
  }

  /// Shares of the state give the bits of the whole, whatever the threads.
  @Test func slicesFromCutToCutMakeTheSameSteps() {
    let table = ParameterTable(model)
    let cuts = table.cuts(config.granularity)
    let whole = weights(table, in: [0..<table.count], threads: 1)
    let middle = cuts[cuts.count / 3]
    #expect(weights(table, in: [0..<middle, middle..<table.count], threads: 2) == whole)
    #expect(Set(whole).count > 100, "the weights have moved apart")
  }

  @Test func aClearedStateBeginsAnew() {
    let table = ParameterTable(model)
    let state = OptimizerState(config, table: table, team: ThreadTeam(size: 1))
    let weights = FloatBuffer(table.count)
    let gradients = FloatBuffer(table.count)
    fill(gradients.vector, seed: 3)
    state.update(
      weights: weights.vector, gradients: gradients.vector, range: 0..<table.count,
      OptimizerStep(1, rate: 1e-2))
    #expect(state.tensors.map(\.name) == config.stateNames)
    #expect(state.tensors.allSatisfy { $0.values.array.contains { $0 != 0 } })
    state.clear()
    #expect(state.tensors.allSatisfy { $0.values.array.allSatisfy { $0 == 0 } })
  }

  /// One step of one piece against the formula in double precision.
  @Test(arguments: [1, 7]) func aPieceFollowsTheFormula(step: Int) throws {
    let count = 33
    let buffers = FloatBuffer(4 * count)
    for part in 0..<4 { fill(buffers.vector[part * count..<(part + 1) * count], seed: 11 * part) }
    // Second moments are not negative.
    for index in 3 * count..<4 * count { buffers.vector[index] = abs(buffers.vector[index]) }
    let before = buffers.vector.array.map(Double.init)
    let parameter = try #require(ParameterTable(model).parameters.first)
    #expect(parameter.decays)
    let adam = AdamW()
    func part(_ number: Int) -> Vector { buffers.vector[number * count..<(number + 1) * count] }
    adam.update(
      OptimizerPiece(
        parameter: parameter, weights: part(0), gradients: part(1), states: [part(2), part(3)]),
      OptimizerStep(step, rate: 0.1, gradientScale: 0.5))
    let rate =
      0.1 * (1 - pow(0.999, Double(step))).squareRoot() / (1 - pow(0.9, Double(step)))
    for index in 0..<count {
      let (p, g) = (before[index], 0.5 * before[count + index])
      let m = 0.9 * before[2 * count + index] + 0.1 * g
      let v = 0.999 * before[3 * count + index] + 0.001 * g * g
      let wanted = p - rate * (m / (v.squareRoot() + 1e-8) + 0.01 * p)
      #expect(abs(Double(buffers.vector[index]) - wanted) < 1e-5 * max(abs(wanted), 0.1))
    }
  }

  /// The weights and every state once in and once out, and the gradient in.
  @Test func memoryTrafficFollowsFromTheStates() {
    let cost = OperationCost(
      model, DecoderUse(capacity: 40, training: true), sequences: 1, length: 40,
      optimizer: config)
    #expect(config.stateNames == ["exp_avg", "exp_avg_sq"])
    #expect(cost.bytesPerOutput(.optimizer) == 28)
  }

  /// An optimizer that needs whole tensors gets them; one that does not is cut anywhere between pieces.
  @Test func cutsAreWhereTheGranularityAllowsThem() {
    var large = ModelConfig()
    large.layers = 2
    let table = ParameterTable(large)
    let (floats, tensors) = (table.cuts(.floats), table.cuts(.tensors))
    let bounds = table.parameters.map(\.range.lowerBound) + [table.count]
    #expect(tensors == bounds)
    #expect(floats == floats.sorted() && Set(floats).isSuperset(of: bounds))
    #expect(floats.count > 10 * tensors.count)
  }
}
