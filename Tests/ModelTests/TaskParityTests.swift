import Buffers
import Foundation
import Model
import TestSupport
import Testing

/// Against GPT-1 in PyTorch, written from the paper: `make_task_fixtures.py`, in which no sequence is padded.
struct TaskParityTests {
  private struct Task: Decodable {
    let combination: String
    let lambda: Float
    let loss: Double
    let examples: [Row]

    struct Row: Decodable {
      let sequences: [[Int32]]
      let target: [Float]
      let logits: [Double]
      let loss: Double
    }

    var all: Examples {
      Examples(
        list: examples.map { Example(sequences: $0.sequences, target: $0.target) },
        combination: combination == "added" ? .added : .alternatives, languageCoefficient: lambda)
    }
  }

  @Test(arguments: Fixture.tasks)
  func logitsProbabilitiesAndLossesAreTheReferences(_ fixture: Fixture) throws {
    let model = try TaskModel(fixture)
    let task = try fixture.json(Task.self, "task.json")
    let batch = task.all.batch()
    #expect(Set(task.examples.flatMap(\.sequences).map(\.count)).count > 2)
    model.forward(batch)
    let logits = model.decoder.exampleLogits()
    let probabilities = model.decoder.exampleProbabilities()
    #expect(logits.count == task.examples.count)
    for (index, row) in task.examples.enumerated() {
      #expect(relativeDifference(logits[index], row.logits.map(Float.init)) < 1e-5)
      let weights = row.logits.map { exp($0) }
      let sum = weights.reduce(0, +)
      for (probability, weight) in zip(probabilities[index], weights) {
        #expect(abs(probability - weight / sum) < 1e-5)
      }
      #expect(abs(Double(model.decoder.exampleLosses[index]) - row.loss) < 1e-5 * (1 + row.loss))
    }
    let loss = model.mean(model.decoder.losses(), batch)
    #expect(abs(loss - task.loss) < 1e-5 * task.loss)
  }

  @Test(arguments: Fixture.tasks)
  func everyGradientIsTheReferencesAndAddsToWhatIsThere(_ fixture: Fixture) throws {
    let model = try TaskModel(fixture)
    let task = try fixture.json(Task.self, "task.json")
    let batch = task.all.batch()
    let gradients = Flat(model.table.count)
    let expected = Flat(model.table.count)
    try fixture.read("gradients.safetensors", table: model.table, into: expected.vector)
    for factor in 1...2 {
      let loss = model.lossAndGradient(batch, into: gradients.vector)
      #expect(abs(loss - task.loss) < 1e-5 * task.loss)
      for parameter in model.table.parameters {
        let difference = relativeDifference(
          gradients.vector[parameter.range].array,
          expected.vector[parameter.range].array.map { Float(factor) * $0 })
        #expect(difference < 1e-4, "\(parameter.name)")
      }
    }
    #expect(model.table.parameters.last?.name == "score.weight")
  }
}
