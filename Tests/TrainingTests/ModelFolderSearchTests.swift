import Buffers
import Data
import Files
import Foundation
import Inference
import Model
import Storage
import TestSupport
import Testing
import Training

/// The search for models: the places, and that no damaged one is used.
@Suite struct ModelFolderSearchTests {
  private func find(_ path: String) throws -> (folder: String, notes: [String]) {
    var notes: [String] = []
    let folder = try ModelFolder.find(path) { notes.append($0) }
    return (folder, notes)
  }

  /// A run directory: checkpoints of the steps, and the best model where there is one.
  private func run(_ path: String, steps: [Int], hasBest: Bool) throws {
    for step in steps {
      try TaskFitTests.write(
        nil, to: CheckpointStore("\(path)/checkpoints").path(of: step), sums: true)
    }
    if hasBest { try TaskFitTests.write(TaskFitTests.task(), to: "\(path)/best", sums: true) }
  }

  @Test func aRunDirectoryStandsForItsBestOrNewestModel() throws {
    try withTemporaryFolder { root in
      try run("\(root)/lm", steps: [5, 20, 10], hasBest: false)
      try run("\(root)/task", steps: [5], hasBest: true)
      let newest = "\(root)/lm/checkpoints/step-00000020"
      for (path, folder) in [
        ("lm", newest), ("lm/", newest), ("lm/checkpoints", newest), ("task", "\(root)/task/best"),
        ("task/best", "\(root)/task/best"), ("lm/checkpoints/step-00000005", nil),
      ] as [(String, String?)] {
        let found = try find("\(root)/\(path)")
        #expect(found.folder == folder ?? "\(root)/\(path)", "\(path)")
        let isChosen = folder != nil && path != "task/best"
        #expect(found.notes.count == (isChosen ? 1 : 0), "\(found.notes)")
        #expect(!isChosen || found.notes[0].contains(found.folder))
      }
      // A damaged one is passed over.
      try put([1, 2, 3], at: "\(newest)/model.safetensors")
      let older = try find("\(root)/lm")
      #expect(older.folder == "\(root)/lm/checkpoints/step-00000010")
      #expect(older.notes.contains { $0.contains("step 20 is skipped") })
      try FileManager.default.createDirectory(
        atPath: "\(root)/study/seed-1", withIntermediateDirectories: true)
      try put([], at: "\(root)/file")
      for (path, word) in [
        ("gone", "no such folder"), ("file", "is not a folder"), ("study", "seed-1"),
        ("study/seed-1", "holds no model"),
      ] {
        let error = #expect(throws: InputError.self) { try find("\(root)/\(path)") }
        #expect(error?.reason.contains(word) == true, "\(String(describing: error))")
      }
    }
  }

  /// Every file that a model folder has, each damage.
  @Test func aFolderWithHashesIsVerifiedBeforeItIsUsed() throws {
    try withTemporaryFolder { root in
      try TaskFitTests.write(TaskFitTests.task(), to: "\(root)/good", sums: true)
      #expect(try find("\(root)/good").notes.isEmpty)
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(root)/good")
      #expect(names.count == 9)
      for name in names where name != SumsFile.name && name != "config.json" {
        for damage in ["flip", "truncate", "delete"] {
          let folder = "\(root)/bad"
          try FileManager.default.copyItem(atPath: "\(root)/good", toPath: folder)
          defer { try? FileManager.default.removeItem(atPath: folder) }
          var data = try bytes(of: "\(folder)/\(name)")
          switch damage {
          case "flip": data[data.count / 2] ^= 1
          case "truncate": data.removeLast()
          default: try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
          }
          if damage != "delete" { try put(data, at: "\(folder)/\(name)") }
          let error = #expect(throws: InputError.self, "\(damage) \(name)") { try find(folder) }
          #expect(error?.path == "\(folder)/\(name)")
          #expect(CheckpointInspection.all(in: folder).contains { !$0.isGood })
        }
      }
    }
  }

  @Test func everyFolderThatIsWrittenCanBeVerified() throws {
    try withTemporaryFolder { root in
      try TaskFitTests.write(TaskFitTests.task(), to: "\(root)/task/best", sums: true)
      try TaskFitTests.write(nil, to: "\(root)/plain")
      try FileManager.default.createDirectory(
        atPath: "\(root)/empty/checkpoints", withIntermediateDirectories: true)
      try put([], at: "\(root)/file")
      for (path, isGood, word) in [
        ("task", true, "task/best: good"), ("task/best", true, "parameters"),
        ("plain", true, "parameters"), ("empty", false, "nothing to verify"),
        ("empty/checkpoints", false, "nothing to verify"), ("file", false, "is not a folder"),
        ("gone", false, "no such folder"),
      ] {
        let found = CheckpointInspection.all(in: "\(root)/\(path)")
        #expect(found.count == 1 && found[0].isGood == isGood, "\(found)")
        #expect(found.first?.description.contains(word) == true, "\(found)")
      }
    }
  }

  /// The embedding alone under the head's name, by an alias, and beside a head that is the same or another.
  @Test func theEmbeddingIsFoundUnderEveryName() throws {
    try withTemporaryFolder { root in
      let folder = "\(root)/m"
      try TaskFitTests.write(nil, to: folder)
      let path = "\(folder)/model.safetensors"
      let state = try ModelFolder.load(folder).state
      // The tensors below are windows on its memory.
      defer { withExtendedLifetime(state) {} }
      let (table, weights) = (state.table, state.weights)
      func named(_ parameter: Parameter, _ name: String) -> NamedTensor {
        NamedTensor(name: name, shape: parameter.shape, values: weights[parameter.range])
      }
      let embedding = try #require(table.parameters.first { $0.name == "tokens_embed.weight" })
      let others = table.parameters.filter { $0.name != embedding.name }
      let plain = others.map { named($0, $0.name) }
      let prefixed = others.map { named($0, "transformer." + $0.name) }
      let full = "transformer.tokens_embed.weight"
      let files: [([NamedTensor], [String: String], String?)] = [
        (plain + [named(embedding, "lm_head.weight")], [:], nil),
        (prefixed + [named(embedding, "lm_head.weight")], [full: "lm_head.weight"], nil),
        (prefixed + [named(embedding, "shared")], [full: "shared"], nil),
        (prefixed + [named(embedding, full), named(embedding, "lm_head.weight")], [:], nil),
        (prefixed + [named(embedding, "shared")], [:], "has no tensor tokens_embed.weight"),
        (
          prefixed + [named(embedding, full), named(others[0], "lm_head.weight")], [:],
          "lm_head.weight has the shape"
        ),
        (
          plain + [named(embedding, embedding.name), named(embedding, "score.bias")], [:],
          "score.bias"
        ),
        (
          plain + [named(embedding, embedding.name), named(others[3], "h.7.ln_1.bias")], [:],
          "h.7.ln_1"
        ),
        (plain + [named(embedding, embedding.name), named(others[3], "h.0.attn.bias")], [:], nil),
      ]
      let expected = weights.array
      for (place, (tensors, metadata, word)) in files.enumerated() {
        try Safetensors.write(
          tensors, metadata: metadata.merging(["format": "pt"]) { $1 }, to: path + "-new")
        try put(bytes(of: path + "-new"), at: path)
        if let word {
          let error = #expect(throws: InputError.self) { try ModelFolder.load(folder) }
          #expect(error?.reason.contains(word) == true, "\(place): \(String(describing: error))")
        } else {
          let loaded = try ModelFolder.load(folder).state
          withExtendedLifetime(loaded) { #expect(loaded.weights.array == expected, "\(place)") }
        }
      }
      // A head that was trained apart.
      let head = FloatBuffer(embedding.range.count)
      defer { withExtendedLifetime(head) {} }
      let tensors =
        plain + [
          named(embedding, embedding.name),
          NamedTensor(name: "lm_head.weight", shape: embedding.shape, values: head.vector),
        ]
      try Safetensors.write(tensors, to: path)
      let error = #expect(throws: InputError.self) { try ModelFolder.load(folder) }
      #expect(error?.reason.contains("lm_head.weight is not tokens_embed.weight") == true)
      #expect(CheckpointInspection(folder).problems.contains { $0.contains("lm_head.weight") })
    }
  }

  @Test func aFolderSavedWithTokenizerJSONAloneIsRead() throws {
    try withTemporaryFolder { root in
      try TaskFitTests.write(TaskFitTests.task(), to: "\(root)/m")
      for name in ["vocab.json", "merges.txt"] {
        try FileManager.default.removeItem(atPath: "\(root)/m/\(name)")
      }
      let (_, tokenizer) = try ModelFolder.load("\(root)/m")
      #expect(tokenizer.fingerprint == TaskFitTests.tokenizer.fingerprint)
      #expect(
        try TaskFit(TaskFitTests.task(), "\(root)/m", tokenizer).notes.isEmpty)
    }
  }

  @Test func otherLayoutsOfWeightsAreNamed() throws {
    try withTemporaryFolder { root in
      try TaskFitTests.write(nil, to: "\(root)/m")
      try FileManager.default.removeItem(atPath: "\(root)/m/model.safetensors")
      for name in ["model.safetensors.index.json", "pytorch_model.bin"] {
        try put([], at: "\(root)/m/\(name)")
        let error = #expect(throws: InputError.self) { try ModelFolder.load("\(root)/m") }
        #expect(error?.reason.contains(name) == true)
        #expect(error?.reason.contains("save_pretrained") == true)
      }
    }
  }
}
