import Configuration
import Data
import Files
import Foundation
import Inference
import Storage
import Testing
import TestSupport
import Training

/// Whatever is done to the JSON of a model or a checkpoint, it is read or refused with a sentence that names the file.
@Suite struct ModelFolderMutationTests {
  private static let values = [
    "0", "-1", "1", "1e9", "9223372036854775807", "18446744073709551616", "1e400", "0.5", "null",
    "true", "\"\"",
    "\"x\"", "[]", "{}", "[1]", "{\"0\": \"a\"}", "\"\\ud800\"", "NaN", "16777216", "4294967296",
  ]

  /// A byte, a cut, a piece taken out or given twice, or one value in the place of another.
  private func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    let end = min(bytes.count, place + Int.random(in: 1...24, using: &generator))
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
    case 1: bytes.removeSubrange(place...)
    case 2: bytes.removeSubrange(place..<end)
    case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
    default:
      // The value that follows the next colon.
      guard let colon = bytes[place...].firstIndex(of: UInt8(ascii: ":")) else { return bytes }
      let stop = bytes[colon...].firstIndex { ",}\n".utf8.contains($0) } ?? bytes.count
      let value = Self.values.randomElement(using: &generator) ?? "0"
      bytes.replaceSubrange(colon + 1..<stop, with: value.utf8)
    }
    return bytes
  }

  private func isRefusal(_ error: any Error, of path: String) -> Bool {
    (error as? InputError).map { error in
      error.path == path && !error.reason.isEmpty && !error.reason.contains("Error Domain")
    } ?? false
  }

  @Test func tenThousandConfigurationsAndHeaders() throws {
    try withTemporaryFolder { root in
      let folder = "\(root)/m"
      try TaskFitTests.write(TaskFitTests.task(), to: folder)
      var generator = SeededGenerator(seed: 13)
      let config = "\(folder)/config.json"
      let weights = "\(folder)/model.safetensors"
      let (json, tensors) = (try bytes(of: config), try bytes(of: weights))
      let header = 8 + Int(tensors[0]) + Int(tensors[1]) << 8
      var accepted = 0
      for trial in 0..<15_000 {
        let isHeader = trial % 3 == 0
        let path = isHeader ? weights : config
        let damaged =
          isHeader
          ? mutate(Array(tensors[..<header]), &generator) + tensors[header...]
          : mutate(json, &generator)
        try put(damaged, at: path)
        do {
          let (model, file) = try ModelFolder.description(folder)
          _ = try ModelFolder.specials(folder, model, file, TaskFitTests.tokenizer)
          _ = try TaskFit(TaskFitTests.task(), folder, TaskFitTests.tokenizer)
          accepted += 1
        } catch {
          #expect(
            isRefusal(error, of: config) || isRefusal(error, of: weights)
              || isRefusal(error, of: folder), "trial \(trial): \(error)")
        }
        try put(isHeader ? tensors : json, at: path)
      }
      #expect(accepted > 250 && accepted < 12_500, "\(accepted)")
    }
  }

  /// Mutates `trainer.json` of a checkpoint, and checks the verdict of `verify`.
  @Test func fourThousandTrainerStates() throws {
    try withTemporaryFolder { root in
      let path = "\(root)/trainer.json"
      let config = try JSONSerialization.jsonObject(with: JSONEncoder().encode(RunConfig()))
      let json = [UInt8](
        try JSONSerialization.data(
          withJSONObject: [
            "version": 2, "step": 20, "dataFingerprint": "a", "tokenizerFingerprint": "b",
            "config": config,
          ]))
      try put(json, at: path)
      #expect(CheckpointInspection(root).step == 20)
      var generator = SeededGenerator(seed: 14)
      for trial in 0..<4_000 {
        try put(mutate(json, &generator), at: path)
        let found = CheckpointInspection(root)
        #expect(
          found.step != nil || found.problems.contains { $0.hasPrefix("\(path):") },
          "trial \(trial)")
        #expect(found.problems.allSatisfy { !$0.contains("Error Domain") })
      }
    }
  }
}
