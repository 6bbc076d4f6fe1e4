import Configuration
import Files
import Foundation
import Testing
import TestSupport
import Training

/// Ten thousand damaged configurations and checkpoints' `trainer.json`: read, or refused with the file and mostly the line; never a trap.
struct MutationTests {
  /// Damages a text at a few places.
  private struct Mutator {
    var generator: SeededGenerator
    private static let pieces = [
      "9223372036854775808", "-9223372036854775808", "-1", "0", "1e999", "1e-999", ".nan", "null",
      "~", "{", "}",
      "[", "]", "&a ", "*a", "!!binary ", "\u{0}", "\t", "\"", "'", ":", ": ", "- ", "? ", "|\n",
      ">\n", "%", "#", ",",
      "\n", "\n  ", "\u{feff}", "é", "true", "1_0", "0x10", "\\ud83d", "---\n", "...\n", "<<: ",
    ].map { Array($0.utf8) }

    mutating func mutate(_ text: [UInt8]) -> [UInt8] {
      var text = text
      for _ in 0..<Int.random(in: 1...3, using: &generator) where !text.isEmpty {
        let place = Int.random(in: 0..<text.count, using: &generator)
        let end = min(text.count, place + Int.random(in: 1...12, using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: text[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: text.removeSubrange(place..<end)
        case 2: text.insert(contentsOf: text[place..<end], at: place)
        case 3: text.removeLast(text.count - place)
        default:
          let piece = Self.pieces.randomElement(using: &generator) ?? []
          let isReplaced = Bool.random(using: &generator)
          text.replaceSubrange(place..<(isReplaced ? end : place), with: piece)
        }
      }
      return text
    }
  }

  /// Cases of each of the four parts; a tenth of them in builds without optimization.
  private static let count: Int = {
    #if DEBUG
      250
    #else
      2_500
    #endif
  }()

  @Test(arguments: 0..<4) func aMutatedConfigurationIsReadOrRefused(part: Int) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/run.yaml"
      let texts = [
        "preset: debug\nsteps: 70\n\n# a comment\nlearning-rate: 1e-3\nschedule: 'linear'\nout: \"runs/a b\"\n",
        "batch: 8\nmicro-batch: 2\nreduce: ordered\nwire: fp32\nkeep-every: 0\nrecompute: true\n",
      ].map { Array($0.utf8) }
      var mutator = Mutator(generator: SeededGenerator(seed: UInt64(part)))
      var (read, located) = (0, 0)
      for number in 0..<Self.count {
        try put(mutator.mutate(texts[number % 2]), at: path)
        do throws(UsageError) {
          _ = try RunConfig.resolve(yaml: path)
          read += 1
        } catch {
          let text = error.description
          #expect(text.hasPrefix(path + ":"), "\(text)")
          if text.dropFirst(path.count).firstMatch(of: #/^:\d+: /#) != nil { located += 1 }
        }
      }
      #expect((1..<Self.count).contains(read), "\(read)")
      let refused = Self.count - read
      #expect(located > refused * 8 / 10, "\(located) of \(refused)")
    }
  }

  @Test(arguments: 0..<4) func aMutatedStateOfATrainerIsReadOrRefused(part: Int) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/trainer.json"
      let config = RunConfig.Preset.debug.config
      let state = TrainerState(
        step: 7, config: config, dataFingerprint: "ab", anomalies: AnomalyState(), task: "mood")
      try JSONFile.write(state, to: path)
      let whole = try bytes(of: path)
      #expect(try TrainerState.read(folder).config == config)
      var mutator = Mutator(generator: SeededGenerator(seed: UInt64(100 + part)))
      var read = 0
      for _ in 0..<Self.count {
        try put(mutator.mutate(whole), at: path)
        do {
          let saved = try TrainerState.read(folder)
          read += 1
          let resumption = Resumption(
            folder: folder, saved: saved, config: config, dataFingerprint: "ab", task: nil,
            dataVocabulary: 100)
          let changes = try resumption.changes()
          _ = saved.config.learningRateReport(changes, to: config, after: 7)
        } catch let error as InputError {
          #expect(error.path?.hasPrefix(folder) == true, "\(error)")
        }
      }
      #expect((1..<Self.count).contains(read), "\(read)")
    }
  }
}
