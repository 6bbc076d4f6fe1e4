import Buffers
import Files
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct CheckpointStoreTests {
  struct Interrupted: Error {}

  /// A checkpoint like a real one, small; its floats depend on the step.
  private func save(_ store: CheckpointStore, step: Int, keep: Int = 9) throws {
    let buffer = FloatBuffer(64)
    for index in 0..<64 { buffer.vector[index] = Float(step + index) }
    try store.save(step: step, keep: keep) { folder in
      let tensor = NamedTensor(name: "w", shape: [8, 8], values: buffer.vector)
      try HuggingFaceConfig().write(to: "\(folder)/config.json")
      return [
        "model.safetensors": try Safetensors.write([tensor], to: "\(folder)/model.safetensors")
      ]
    }
  }

  private func withStore(_ body: (CheckpointStore) throws -> Void) throws {
    try withTemporaryFolder { try body(CheckpointStore("\($0)/run/checkpoints/")) }
  }

  private func steps(_ store: CheckpointStore) throws -> [Int] {
    try store.candidates().map(\.step)
  }

  @Test func nothingIsThereAtFirst() throws {
    try withStore { store in
      let good = try store.newestGood { Issue.record("\($0)") }
      #expect(good == nil)
    }
  }

  @Test func newestIsLoadedAndOldOnesArePruned() throws {
    try withStore { store in
      for step in [5, 1000, 99, 123_456_789] { try save(store, step: step) }
      #expect(try steps(store) == [123_456_789, 1000, 99, 5])
      try save(store, step: 123_456_790, keep: 2)
      #expect(try names(in: store.folder) == ["step-123456789", "step-123456790"])
      let good = try store.newestGood { Issue.record("\($0)") }
      #expect(good?.folder == "\(store.folder)/step-123456790")
    }
  }

  @Test func everyFlippedBitIsFoundAndTheOneBeforeIsUsed() throws {
    try withStore { store in
      try save(store, step: 1)
      try save(store, step: 2)
      let folder = "\(store.folder)/step-00000002"
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(
        Set(files) == ["XXH128SUMS", "SIZES", "config.json", "model.safetensors"])
      for file in files {
        let path = "\(folder)/\(file)"
        let good = try bytes(of: path)
        for place in stride(from: 0, to: good.count, by: 3) {
          var bad = good
          bad[place] ^= 1 << (place % 8)
          try put(bad, at: path)
          var reports: [String] = []
          #expect(try store.newestGood { reports.append($0) }?.step == 1)
          // A damaged list may blame the file it names.
          #expect(reports.contains { $0.contains(file) || file == SumsFile.name })
          #expect(reports.allSatisfy { $0.contains("step 2 is skipped") })
        }
        try put(good, at: path)
      }
      #expect(try store.newestGood { Issue.record("\($0)") }?.step == 2)
    }
  }

  @Test func truncatedAndMissingFilesAreNamed() throws {
    try withStore { store in
      for step in 1...3 { try save(store, step: step) }
      let model = "\(store.folder)/step-00000003/model.safetensors"
      try put(Array(try bytes(of: model).dropLast(40)), at: model)
      try FileManager.default.removeItem(atPath: "\(store.folder)/step-00000002/config.json")
      var reports: [String] = []
      #expect(try store.newestGood { reports.append($0) }?.step == 1)
      #expect(reports.count == 2)
      #expect(reports[0].contains("\(model): is truncated: "))
      #expect(reports[1].contains("step-00000002/config.json: is missing"))
      try FileManager.default.removeItem(atPath: "\(store.folder)/step-00000001/XXH128SUMS")
      let error = #expect(throws: InputError.self) { try store.newestGood { _ in } }
      #expect(error?.reason.contains("none of the 3 checkpoints verifies") == true)
    }
  }

  @Test func interruptedSaveLeavesTheOldOnes() throws {
    try withStore { store in
      try save(store, step: 1)
      #expect(throws: Interrupted.self) {
        try store.save(step: 2, keep: 1) { folder in
          try put([1, 2, 3], at: "\(folder)/model.safetensors")
          throw Interrupted()
        }
      }
      #expect(try names(in: store.folder) == ["step-00000001"])
      // Leftovers of a kill -9 are ignored, and the next save removes them.
      let left = "\(store.folder)/.step-00000002.partial-1"
      try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: false)
      try put([1], at: "\(left)/model.safetensors")
      #expect(try store.newestGood { Issue.record("\($0)") }?.step == 1)
      try save(store, step: 3)
      #expect(try names(in: store.folder) == ["step-00000001", "step-00000003"])
    }
  }

  @Test func damagedNewerOneDoesNotPushOutGoodOnesAndIsReplaced() throws {
    try withStore { store in
      for step in [10, 20] { try save(store, step: step) }
      let model = "\(store.folder)/step-00000020/model.safetensors"
      try put([0], at: model)
      try save(store, step: 15, keep: 1)
      #expect(try steps(store) == [20, 15])
      #expect(try store.newestGood { _ in }?.step == 15)
      try save(store, step: 20, keep: 1)
      #expect(try steps(store) == [20])
      #expect(try store.newestGood { Issue.record("\($0)") }?.step == 20)
    }
  }

  @Test func nothingIsPrunedIfTheNewOneDoesNotVerify() throws {
    try withStore { store in
      try save(store, step: 1)
      #expect(throws: InputError.self) {
        try store.save(step: 2, keep: 1) { folder in
          try put([1, 2, 3], at: "\(folder)/x")
          return ["x": FileDigest(hash: XXH128.hash("other"), size: 3)]
        }
      }
      #expect(try store.newestGood { _ in }?.step == 1)
    }
  }
}
