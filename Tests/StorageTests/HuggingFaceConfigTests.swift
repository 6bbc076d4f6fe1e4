import Files
import Foundation
import Storage
import TestSupport
import Testing

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
    #"{"label2id": {"sad": 0, "glad": 1}}"#, #"{"id2label": {"0": "sad", "1": "glad"}}"#,
    #"{"label2id": {"sad": 0, "glad": 1}, "id2label": {"0": "sad", "1": "glad"}, "num_labels": 2}"#,
  ])
  func eitherOfTheTwoNamesTheLabels(json: String) throws {
    #expect(try read(json).labelNames == ["0": "sad", "1": "glad"])
  }

  @Test(arguments: [
    (#"{"model_type": "gpt2"}"#, "model_type"), (#"{"afn": "relu"}"#, "afn"),
    (#"{"tie_word_embeddings": false}"#, "tie_word_embeddings"),
    (#"{"n_embd": "8"}"#, "n_embd"), (#"{"n_layer": 0}"#, "n_layer"),
    (#"{"n_head": 5}"#, "n_head"), (#"{"vocab_size": 1e17}"#, "vocab_size"),
    (#"{"n_positions": -1}"#, "n_positions"), (#"{"attn_pdrop": 1}"#, "attn_pdrop"),
    (#"{"layer_norm_epsilon": 0}"#, "layer_norm_epsilon"), (#"{"n_embd": 8"#, "JSON"),
    (#"{"initializer_range": -1}"#, "initializer_range"), ("", "empty"), ("[]", "whole"),
    ("[]", "the whole is not an object"), (#"{"n_embd": "8"}"#, "n_embd is not a whole number"),
    (#"{"id2label": {"0": 1}}"#, "id2label.0 is not a string"),
    (
      #"{"gpt1_dist": {"task": "t", "transformation": "foo", "answer": "classes"}}"#,
      "`foo` is none that this program knows; expected one of classification, entailment"
    ),
    (
      #"{"gpt1_dist": {"task": "t", "transformation": "entailment", "answer": "foo"}}"#,
      "expected one of classes, choices, score"
    ),
    (
      #"{"id2label": {"0": "sad", "1": "glad"}, "label2id": {"sad": 1, "glad": 0}}"#,
      "label2id is not valid: it gives `glad` the number 0, but by id2label the number 0 is `sad`"
    ),
    (
      #"{"id2label": {"0": "sad"}, "label2id": {"sad": 0, "glad": 1}}"#,
      "it gives `glad` the number 1, but by id2label there is no number 1"
    ),
    (
      #"{"id2label": {"0": "sad", "1": "glad"}, "label2id": {"sad": 0}}"#,
      "it does not have `glad`, which by id2label is the number 1"
    ),
    (#"{"label2id": {"sad": 0, "glad": 0}}"#, "gives `glad` and `sad` the same number 0"),
    (
      #"{"id2label": {"0": "sad", "1": "glad"}, "num_labels": 3}"#,
      "num_labels is not valid: it is 3, but id2label names 2 labels"
    ),
    (#"{"label2id": {"sad": 0}, "num_labels": 3}"#, "it is 3, but label2id names 1 label"),
  ])
  func whatCannotBeComputedIsRefused(json: String, word: String) {
    let error = #expect(throws: InputError.self) { try read(json) }
    #expect(error?.reason.contains(word) == true, "\(String(describing: error))")
  }
}
