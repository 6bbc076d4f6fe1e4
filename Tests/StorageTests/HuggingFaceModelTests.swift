import Buffers
import Foundation
import Model
import Storage
import TestSupport
import Testing

/// Folders that `transformers` wrote, read by our readers and by one that only knows the format's description.
@Suite struct HuggingFaceModelTests {
  @Test(arguments: [
    "even", "odd", "short", "one-head", "task-classification", "task-entailment",
    "task-similarity", "task-multiple-choice",
  ])
  func aModelIsReadAsItWasWritten(fixture: String) throws {
    let folder = "\(Repository.path)/Tests/ModelTests/Fixtures/\(fixture)"
    let path = "\(folder)/model.safetensors"
    let plain = try Tensors(Data(bytes(of: path)))
    let config = try ModelFolder.config(folder)
    #expect(config.scores == plain.shapes["score.weight"]?.first ?? 0)
    #expect(
      plain.shapes["transformer.tokens_embed.weight"] == [config.vocabularySize, config.width])
    let table = ModelState(config, training: false).table
    #expect(table.parameters.count == plain.shapes.count)
    let file = try SafetensorsFile(path)
    for parameter in table.parameters {
      let name = try file.name(of: parameter.name)
      let values = FloatBuffer(parameter.range.count)
      try file.read(name, into: values.vector, expecting: parameter.shape)
      #expect(values.vector.array == (try plain.floats(name)), "\(name)")
    }
  }
}
