import Files
import Foundation
import TestSupport
import Testing
import Training

@Suite struct HuggingFaceConfigTests {
  private func read(_ json: String) throws -> HuggingFaceConfig {
    try withTemporaryFolder { folder in
      try put(Array(json.utf8), at: "\(folder)/config.json")
      return try HuggingFaceConfig(path: "\(folder)/config.json")
    }
  }

  @Test func missingFieldsHaveTheDefaultsOfThePaper() throws {
    #expect(try read("{}") == HuggingFaceConfig())
    let config = try read(
      #"{"n_embd": 8, "n_head": 2, "n_ctx": 512, "resid_pdrop": 0, "summary_activation": null}"#)
    #expect(config.width == 8 && config.heads == 2 && config.residualDropout == 0)
    #expect(config.layers == 12 && config.vocabularySize == 40_478)
  }

  @Test func whatIsWrittenIsReadAndIsWhatTransformersNames() throws {
    var config = HuggingFaceConfig()
    config.vocabularySize = 11
    config.positions = 6
    config.width = 8
    config.layers = 1
    config.heads = 2
    config.attentionDropout = 0.25
    config.embeddingDropout = 0
    config.residualDropout = 0.5
    config.layerNormEpsilon = 1e-6
    config.initializerRange = 0.01
    try withTemporaryFolder { folder in
      let path = "\(folder)/config.json"
      try config.write(to: path)
      #expect(try HuggingFaceConfig(path: path) == config)
      let json = try JSONSerialization.jsonObject(with: Data(bytes(of: path))) as? NSDictionary
      #expect(
        json == [
          "afn": "gelu", "architectures": ["OpenAIGPTLMHeadModel"], "attn_pdrop": 0.25,
          "dtype": "float32", "torch_dtype": "float32", "embd_pdrop": 0,
          "initializer_range": 0.01, "layer_norm_epsilon": 1e-6, "model_type": "openai-gpt",
          "n_embd": 8, "n_head": 2, "n_layer": 1, "n_positions": 6, "resid_pdrop": 0.5,
          "tie_word_embeddings": true, "vocab_size": 11,
        ])
    }
  }

  /// `num_labels` is what `transformers` makes a classifier of.
  @Test func labelsAreWrittenAndReadWhereThereAreSome() throws {
    #expect(try read("{}").labels == nil)
    var config = HuggingFaceConfig()
    config.labels = 6
    try withTemporaryFolder { folder in
      let path = "\(folder)/config.json"
      try config.write(to: path)
      #expect(try HuggingFaceConfig(path: path) == config)
      let json = try JSONSerialization.jsonObject(with: Data(bytes(of: path))) as? NSDictionary
      #expect(json?["num_labels"] as? Int == 6)
    }
  }

  @Test(arguments: [
    (#"{"model_type": "gpt2"}"#, "model_type"), (#"{"afn": "relu"}"#, "afn"),
    (#"{"tie_word_embeddings": false}"#, "tie_word_embeddings"),
    (#"{"n_embd": "8"}"#, "n_embd"), (#"{"n_layer": 0}"#, "n_layer"),
    (#"{"n_head": 5}"#, "n_head"), (#"{"vocab_size": 1e17}"#, "vocab_size"),
    (#"{"n_positions": -1}"#, "n_positions"), (#"{"attn_pdrop": 1}"#, "attn_pdrop"),
    (#"{"layer_norm_epsilon": 0}"#, "layer_norm_epsilon"), (#"{"n_embd": 8"#, "JSON"),
    (#"{"initializer_range": -1}"#, "initializer_range"), ("", "empty"), ("[]", "whole"),
  ])
  func whatCannotBeComputedIsRefused(json: String, word: String) {
    let error = #expect(throws: InputError.self) { try read(json) }
    #expect(error?.reason.contains(word) == true, "\(String(describing: error))")
  }
}
