import Buffers
import Data
import Files
import Foundation
import Inference
import Kernels
import Model
import Storage
import TestSupport
import Testing
import Tokenization
import Training

/// Models and tasks that fit each other, and the messages about those that do not.
@Suite struct TaskFitTests {
  static let tokenizer = Tokenizer.learn(merges: 30, from: "the cat sat on the mat\nthe end")

  static func task(
    _ name: String = "mood", _ transformation: Transformation = .classification,
    _ answer: Answer = .classes(["bad", "good"]), files: [String] = []
  ) -> TaskSpec {
    var spec = TaskSpec.builtIn[0]
    (spec.name, spec.transformation, spec.answer) = (name, transformation, answer)
    (spec.metrics, spec.files.labels, spec.submission) = ([.accuracy], files, .plain)
    return spec
  }

  static func state(rows: Int, scores: Int) -> ModelState {
    var config = ModelConfig()
    config.vocabularySize = rows
    (config.context, config.width, config.heads, config.layers) = (8, 16, 2, 1)
    config.scores = scores
    let state = ModelState(config, training: false)
    state.table.initialize(state.weights, config: config, seed: 3, team: ThreadTeam(size: 1))
    return state
  }

  /// A folder of a model that was fine-tuned on `spec`, with `rows` more than the tokenizer has ids.
  static func write(
    _ spec: TaskSpec?, extraRows: Int = 3, to folder: String, sums: Bool = false
  ) throws {
    let ids = tokenizer.vocabularySize
    let state = state(rows: ids + extraRows, scores: spec?.answer.outputs ?? 0)
    let specials = SpecialTokens(after: ids + extraRows - 3)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = try ModelFolder.write(
      state.weights, state.table, state.config, tokenizer: tokenizer,
      fineTuning: spec.map { FineTuning($0, specials: specials) }, to: folder)
    if sums { try SumsFile.write(in: folder) }
  }

  static func edit(
    _ folder: String, _ change: (inout [String: Any]) -> Void
  ) throws {
    let path = "\(folder)/config.json"
    var json = try #require(
      try JSONSerialization.jsonObject(with: Data(bytes(of: path))) as? [String: Any])
    change(&json)
    try put([UInt8](JSONSerialization.data(withJSONObject: json)), at: path)
  }

  private static let keys = ["gpt1_dist", "id2label", "label2id", "pad_token_id", "problem_type"]

  @Test func aFineTunedModelTellsWhatItsOutputsMean() throws {
    for (answer, names, problem) in [
      (Answer.classes(["bad", "good"]), ["bad", "good"], "single_label_classification"),
      (.score(upTo: 2), ["0", "1", "2"], "single_label_classification"),
      (.choices(4), ["answer"], "regression"),
    ] {
      try withTemporaryFolder { folder in
        let spec = Self.task("t", .similarity, answer)
        try Self.write(spec, to: "\(folder)/m")
        let data = Data(try bytes(of: "\(folder)/m/config.json"))
        let json = try #require(
          try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let ids = Self.tokenizer.vocabularySize
        let numbered = zip(0..., names).map { (String($0), $1) }
        #expect(
          json["id2label"] as? [String: String] == Dictionary(uniqueKeysWithValues: numbered))
        #expect(
          json["label2id"] as? [String: Int]
            == Dictionary(uniqueKeysWithValues: zip(names, 0...)))
        #expect(json["problem_type"] as? String == problem)
        #expect(json["pad_token_id"] as? Int == ids + 1)
        #expect(json["num_labels"] as? Int == names.count)
        let own = try #require(json["gpt1_dist"] as? [String: Any])
        #expect(own["task"] as? String == "t")
        #expect(own["transformation"] as? String == "similarity")
        #expect(
          own["special_tokens"] as? [String: Int]
            == ["start": ids, "delimiter": ids + 1, "end": ids + 2])
        let fit = try TaskFit(spec, "\(folder)/m", Self.tokenizer)
        #expect(fit.order == nil && fit.notes.isEmpty)
        #expect(fit.specials == SpecialTokens(after: ids))
      }
    }
  }

  @Test func aLanguageModelSaysNothingOfTasks() throws {
    try withTemporaryFolder { folder in
      try Self.write(nil, to: "\(folder)/m")
      let text = String(decoding: try bytes(of: "\(folder)/m/config.json"), as: UTF8.self)
      for key in Self.keys { #expect(!text.contains(key)) }
    }
  }

  /// (labels in config.json, the task) → the order and a word of a note, or two words of a refusal.
  @Test func labelsAreMappedByNameOrRefused() throws {
    let classes = { (labels: [String]) in Answer.classes(labels) }
    let mood = Self.task()
    let cases: [(labels: [String]?, isOurs: Bool, TaskSpec, order: [Int]?, words: [String])] = [
      (["bad", "good"], true, mood, nil, []),
      (["good", "bad"], true, mood, [1, 0], ["mapped by name"]),
      (["GOOD", "Bad"], true, mood, [1, 0], ["mapped by name"]),
      (["good", "bad"], false, mood, [1, 0], ["mapped by name"]),
      (["LABEL_0", "LABEL_1"], false, mood, nil, ["0 = bad, 1 = good"]),
      (nil, false, mood, nil, ["does not name the labels", "0 = bad, 1 = good"]),
      (nil, true, mood, nil, ["does not name the labels"]),
      (["bad", "good"], true, Self.task("other"), nil, ["fine-tuned on mood", "other"]),
      // As the files call them.
      (
        ["1", "0"], false,
        Self.task("mood", .classification, classes(["no", "yes"]), files: ["0", "1"]),
        [1, 0], ["mapped by name"]
      ),
      (["sad", "glad"], true, mood, [], ["sad, glad", "bad, good"]),
      (["sad", "glad"], false, mood, [], ["sad, glad", "bad, good"]),
      (["bad", "glad"], true, mood, [], ["bad, glad", "bad, good"]),
      (["bad"], true, mood, [], ["1 label", "2 outputs"]),
      (["bad", "good", "so-so"], true, mood, [], ["3 labels", "2 outputs"]),
      (["bad", "bad"], true, mood, [], ["the same name"]),
      (
        ["0", "1"], true, Self.task("cola", .classification, classes(["0", "1"])), [],
        ["mood", "cola", "numbers do not show"]
      ),
      (
        ["bad", "good"], true, Self.task("rte", .entailment), [], ["classification", "entailment"]
      ),
      (
        ["bad", "good"], true, Self.task("mood", .classification, .score(upTo: 1)), [],
        ["classes", "score"]
      ),
      (
        ["bad", "good"], false, Self.task("mood", .classification, classes(["a", "b", "c"])), [],
        ["2 outputs", "needs 3"]
      ),
    ]
    try withTemporaryFolder { root in
      for (place, (labels, isOurs, spec, order, words)) in cases.enumerated() {
        let folder = "\(root)/\(place)"
        try Self.write(mood, to: folder)
        try Self.edit(folder) { json in
          if !isOurs { json["gpt1_dist"] = nil }
          (json["label2id"], json["num_labels"]) = (nil, nil)
          json["id2label"] = labels.map { labels in
            Dictionary(uniqueKeysWithValues: zip(0..., labels).map { (String($0), $1) })
          }
        }
        do {
          let fit = try TaskFit(spec, folder, Self.tokenizer)
          #expect(order != [], "\(place): accepted")
          #expect(fit.order == order, "\(place)")
          #expect(fit.notes.count == (words.isEmpty ? 0 : 1), "\(place): \(fit.notes)")
          for word in words { #expect(fit.notes.joined().contains(word), "\(fit.notes)") }
        } catch let error as InputError {
          #expect(order == [], "\(place): \(error)")
          #expect(error.path?.hasPrefix(folder) == true)
          for word in words { #expect(error.reason.contains(word), "\(place): \(error)") }
        }
      }
    }
  }

  @Test func theRowsOfTheLayerFollowTheirNames() throws {
    try withTemporaryFolder { root in
      let spec = Self.task("t", .classification, .classes(["a", "b", "c"]))
      try Self.write(spec, to: "\(root)/m")
      let other = Self.task("t", .classification, .classes(["c", "a", "b"]))
      let fit = try TaskFit(other, "\(root)/m", Self.tokenizer)
      #expect(fit.order == [2, 0, 1])
      let (state, _) = try ModelFolder.load("\(root)/m")
      let range = state.table.scoreRange
      let before = state.weights[range].array
      fit.apply(to: state)
      #expect(
        state.weights[range].array
          == Array(before[32..<48]) + Array(before[0..<16]) + Array(before[16..<32]))
    }
  }

  /// Rows beyond the tokenizer's ids × what tells whose they are.
  @Test func onlyCertainRowsAreSpecialTokens() throws {
    let ids = Self.tokenizer.vocabularySize
    for rows in 0...6 {
      for (isNamed, hasSums) in [(false, false), (false, true), (true, false)] {
        try withTemporaryFolder { root in
          let folder = "\(root)/m"
          try Self.write(Self.task(), extraRows: rows, to: folder)
          if !isNamed { try Self.edit(folder) { $0["gpt1_dist"] = nil } }
          if hasSums { try SumsFile.write(in: folder) }
          let (model, file) = try ModelFolder.description(folder)
          let what = "\(rows) rows, \(isNamed ? "named" : "unnamed"), sums \(hasSums)"
          do {
            let found = try ModelFolder.specials(folder, model, file, Self.tokenizer)
            let expected: SpecialTokens? = rows == 0 ? nil : SpecialTokens(after: ids + rows - 3)
            #expect(found == expected, "\(what)")
            #expect(rows == 0 || rows == 3 || rows > 3 && (isNamed || hasSums), "\(what)")
          } catch let error as InputError {
            #expect(rows == 1 || rows == 2 || rows > 3 && !isNamed && !hasSums, "\(what)")
            #expect(error.reason.contains("\(ids + rows) rows"), "\(error)")
            #expect(error.reason.contains("\(ids) ids"), "\(error)")
          }
          // A row for padding behind the special tokens.
          if isNamed, rows == 4 {
            try Self.edit(folder) {
              $0["gpt1_dist"] = [
                "task": "mood", "transformation": "classification", "answer": "classes",
                "special_tokens": ["start": ids, "delimiter": ids + 1, "end": ids + 2],
              ]
            }
            let (model, file) = try ModelFolder.description(folder)
            #expect(
              try ModelFolder.specials(folder, model, file, Self.tokenizer)
                == SpecialTokens(after: ids))
          }
        }
      }
    }
  }
}
