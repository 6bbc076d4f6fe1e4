import Buffers
import Data
import Files
import Inference
import Kernels
import Model
import Storage
import TestSupport
import Testing
import Tokenization
import Training

/// The folder of a fine-tuned model; that of a plain one is tested where runs write it.
@Suite struct ModelFolderTests {
  private let tokenizer = Tokenizer.learn(merges: 30, from: "the cat sat on the mat\nthe end")

  /// Three ids more than the tokenizer has.
  private func state(scores: Int) -> ModelState {
    var config = ModelConfig()
    config.vocabularySize = tokenizer.vocabularySize + 3
    config.context = 8
    config.width = 16
    config.heads = 2
    config.layers = 2
    config.scores = scores
    let state = ModelState(config, training: false)
    state.table.initialize(
      state.weights, config: config, seed: 3, team: ThreadTeam(size: 1))
    return state
  }

  private func write(_ state: ModelState, to folder: String) throws {
    _ = try ModelFolder.write(
      state.weights, state.table, state.config, tokenizer: tokenizer, to: folder)
  }

  @Test func aFineTunedModelIsReadAsItWasWritten() throws {
    let state = state(scores: 3)
    try withTemporaryFolder { folder in
      try write(state, to: folder)
      let (read, _) = try ModelFolder.load(folder)
      #expect(read.config == state.config)
      #expect(read.weights.array == state.weights.array)
      // As `transformers` saves its classifier.
      let names = try SafetensorsFile("\(folder)/model.safetensors").tensors.mapValues(\.shape)
      #expect(names["score.weight"] == [3, 16])
      #expect(names["transformer.h.1.ln_2.bias"] == [16])
      #expect(names.count == state.table.parameters.count)
      let config = try HuggingFaceConfig(path: "\(folder)/config.json")
      #expect(config.architectures == ["OpenAIGPTForSequenceClassification"])
      #expect(config.labels == 3)
      var drawn: [Int32] = []
      Generation(read, vocabularySize: tokenizer.vocabularySize, threads: 1)
        .generate(after: [1, 2], count: 9, sampling: TokenSampling()) { drawn += $0 }
      #expect(drawn.count == 9 && drawn.allSatisfy { $0 < tokenizer.vocabularySize })
      let scores = Scoring(read, threads: 1).logProbabilities([1, 2, 3])
      #expect(scores.count == 2 && scores.allSatisfy { $0 < 0 })
    }
  }

  /// Any configuration of Hugging Face's may name labels.
  @Test func labelsWithoutALayerAreAPlainModel() throws {
    let state = state(scores: 0)
    try withTemporaryFolder { folder in
      try write(state, to: folder)
      var config = try HuggingFaceConfig(path: "\(folder)/config.json")
      #expect(config.labels == nil)
      config.labels = 3
      try config.write(to: "\(folder)/config.json")
      #expect(try ModelFolder.load(folder).state.config == state.config)
    }
  }

  @Test func aLayerOfAnotherWidthIsRefused() throws {
    let state = state(scores: 3)
    try withTemporaryFolder { folder in
      try write(state, to: folder)
      let path = "\(folder)/model.safetensors"
      let tensors = try SafetensorsFile(path).tensors.map { name, info in
        let shape = name == "score.weight" ? [4, 12] : info.shape
        return NamedTensor(
          name: name, shape: shape, values: state.weights[0..<shape.reduce(1, *)])
      }
      try Safetensors.write(tensors, to: path)
      let error = #expect(throws: InputError.self) {
        try ModelFolder.loadWithoutTokenizer(folder)
      }
      #expect(error?.reason.contains("score.weight has the shape [4, 12]") == true)
    }
  }
}
