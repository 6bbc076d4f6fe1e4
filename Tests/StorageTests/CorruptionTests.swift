import Buffers
import Data
import Files
import Foundation
import Storage
import TestSupport
import Testing

/// Whatever happens to the files of checkpoints, it is noticed, and the newest whole one is used.
@Suite struct CorruptionTests {
  private enum Damage: CaseIterable { case flip, truncate, delete, swap, swapWithAnotherCheckpoint }

  private static let names = [
    "SIZES", "XXH128SUMS", "config.json", "merges.txt", "model.safetensors",
    "optimizer.safetensors", "trainer.json", "vocab.json",
  ]

  /// The files of a checkpoint of a run, with small tensors.
  private func save(_ store: CheckpointStore, step: Int) throws {
    let buffer = FloatBuffer(192)
    for index in 0..<192 { buffer.vector[index] = Float(step) + Float(index) / 7 }
    func tensors(_ names: [String]) -> [NamedTensor] {
      names.enumerated().map { index, name in
        NamedTensor(name: name, shape: [8, 8], values: buffer[index * 64..<(index + 1) * 64])
      }
    }
    try store.save(step: step, keep: 9) { folder in
      try HuggingFaceConfig().write(to: "\(folder)/config.json")
      try put(Array(#"{"a": 0, "b": 1, "ab</w>": 2}"#.utf8), at: "\(folder)/vocab.json")
      try put(Array("#version: 0.2\na b</w>\n".utf8), at: "\(folder)/merges.txt")
      try JSONFile.write(["step": step, "version": 2], to: "\(folder)/trainer.json")
      let model = try Safetensors.write(tensors(["w"]), to: "\(folder)/model.safetensors")
      let moments = tensors(["exp_avg.w", "exp_avg_sq.w"])
      return [
        "model.safetensors": model,
        "optimizer.safetensors": try Safetensors.write(
          moments, to: "\(folder)/optimizer.safetensors"),
      ]
    }
  }

  @Test func aThousandRandomCorruptionsAreDetectedAndTheNewestGoodOneIsUsed() throws {
    try withTemporaryFolder { root in
      let store = CheckpointStore("\(root)/run/checkpoints")
      let steps = [4, 3, 2, 1]
      for step in steps.reversed() { try save(store, step: step) }
      var whole: [String: [UInt8]] = [:]
      for step in steps {
        let names = try FileManager.default.contentsOfDirectory(atPath: store.path(of: step))
        #expect(names.sorted() == Self.names)
        for name in names {
          let path = "\(store.path(of: step))/\(name)"
          whole[path] = try bytes(of: path)
        }
      }
      var generator = SeededGenerator(seed: 20_180_611)
      var used: [Int: Int] = [:]
      for trial in 0..<1_000 {
        // One to three of the newest, so that a good one is left.
        var damaged: Set<Int> = []
        var touched: [String: String] = [:]
        let kind = Damage.allCases[trial % Damage.allCases.count]
        for step in steps.prefix(Int.random(in: 1...3, using: &generator)) {
          try damage(kind, step, store, whole, &touched, &damaged, &generator)
        }
        var reports: [String] = []
        let good = try store.newestGood { reports.append($0) }
        let expected = try #require(steps.first { !damaged.contains($0) })
        #expect(good?.step == expected, "trial \(trial): \(kind), \(touched)")
        used[expected, default: 0] += 1
        for step in steps where step > expected {
          #expect(
            reports.contains { $0.hasSuffix("the checkpoint of step \(step) is skipped") },
            "trial \(trial)")
        }
        for path in touched.keys { try put(try #require(whole[path]), at: path) }
      }
      #expect(Set(used.keys) == [1, 2, 3])
      #expect(try store.newestGood { Issue.record("\($0)") }?.step == 4)
    }
  }

  private func damage(
    _ kind: Damage, _ step: Int, _ store: CheckpointStore, _ whole: [String: [UInt8]],
    _ touched: inout [String: String], _ damaged: inout Set<Int>, _ generator: inout SeededGenerator
  ) throws {
    let name = Self.names.randomElement(using: &generator)!
    let path = "\(store.path(of: step))/\(name)"
    guard touched[path] == nil, var data = whole[path] else { return }
    switch kind {
    case .flip:
      let place = Int.random(in: 0..<data.count, using: &generator)
      data[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      try put(data, at: path)
      touched[path] = "bit of byte \(place)"
    case .truncate:
      let count = Int.random(in: 0..<data.count, using: &generator)
      try put(Array(data.prefix(count)), at: path)
      touched[path] = "cut to \(count)"
    case .delete:
      try FileManager.default.removeItem(atPath: path)
      touched[path] = "deleted"
    case .swap, .swapWithAnotherCheckpoint:
      // With another file of the same checkpoint, or with that of the same name in an older one, but for the oldest.
      let others = whole.keys.sorted().filter { other in
        let isSame = other.hasPrefix(store.path(of: step) + "/")
        let isOlder = (2..<max(step, 2)).contains { other == "\(store.path(of: $0))/\(name)" }
        return touched[other] == nil && whole[other] != data && (kind == .swap ? isSame : isOlder)
      }
      guard let other = others.randomElement(using: &generator), let contents = whole[other] else {
        // No older one differs (the tokenizer is always the same).
        return try damage(.flip, step, store, whole, &touched, &damaged, &generator)
      }
      try put(contents, at: path)
      try put(data, at: other)
      (touched[path], touched[other]) = ("swapped with \(other)", "swapped with \(path)")
      let folder = Path.parent(other)
      damaged.formUnion((1...4).filter { store.path(of: $0) == folder })
    }
    damaged.insert(step)
  }
}
