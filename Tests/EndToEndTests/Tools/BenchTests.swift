import Foundation
import Kernels
import TestSupport
import Testing

extension EndToEnd {
  /// Reports of `bench` and `--trace` about a step.
  @Suite(.serialized) struct BenchTests {
    private struct Result: Decodable {
      struct Profile: Decodable {
        struct Row: Decodable {
          let name: String
          let calls: Double?
          let threadSeconds: Double
          let share: Double
          let gigaflopsPerSecond: Double?
          let rooflineGigaflopsPerSecond: Double?
          let gigabytesPerSecond: Double?
          let memoryGigabytesPerSecond: Double?
        }
        let rows: [Row]
        let serialShare: Double
        let oneThreadShare: Double?
      }
      let ranks, threads, steps, tokensPerStep: Int
      let secondsOfSteps: [Double]
      let secondsPerStep, tokensPerSecond, flopsPerToken, gigaflopsPerSecond: Double
      let rooflineSecondsPerStep, rooflineGigaflopsPerSecond, shareOfRoofline: Double
      let engine: String
      let engineGigaflopsPerSecond: [String: Double]
      let shareOfPeak: Double
      let memoryGigabytesPerSecond: Double
      let bytesResident, bytesPredicted: Int
      let profile: Profile
      let simulated: Simulated?
      struct Simulated: Decodable {
        struct Threads: Decodable {
          let threads: Int
          let secondsPerStep, efficiency: Double
          let waiting: [String: Double]
        }
        let regions: Int
        let serialSeconds, handOutSeconds: Double
        let threads: [Threads]
      }
    }

    @Test func aStepIsMeasuredBesideItsProducts() throws {
      try withTemporaryFolder { folder in
        let result = try Sandbox(folder: folder).json(
          Result.self, "bench --preset debug --vocabulary 300 --threads 2 --steps 4 --batch 6")
        #expect(result.ranks == 1 && result.threads == 2 && result.steps == 4)
        #expect(result.tokensPerStep == 6 * 32)
        #expect(result.secondsOfSteps.count == 4)
        let sorted = result.secondsOfSteps.sorted()
        #expect(result.secondsPerStep == (sorted[1] + sorted[2]) / 2)
        #expect(isNear(result.tokensPerSecond, 6 * 32 / result.secondsPerStep))
        #expect(
          isNear(
            result.gigaflopsPerSecond, result.tokensPerSecond * result.flopsPerToken / 1e9))
        #expect(
          isNear(
            result.rooflineGigaflopsPerSecond,
            6 * 32 * result.flopsPerToken / 1e9 / result.rooflineSecondsPerStep))
        #expect(result.shareOfRoofline > 0)
        let engines = result.engineGigaflopsPerSecond
        #expect(Set(engines.keys) == ["openblas", "onednn"])
        let ratio = result.gigaflopsPerSecond / (engines.values.max() ?? 0)
        #expect(abs(result.shareOfPeak - ratio) < 1e-9 && ratio > 0)
        #expect(result.engine.hasPrefix("oneDNN ") || result.engine.hasPrefix("OpenBLAS "))
        #expect(result.memoryGigabytesPerSecond > 0)
        expectMemory(result)

        let rows = result.profile.rows
        #expect(isNear(rows.reduce(0) { $0 + $1.share }, 1))
        #expect(rows.map(\.threadSeconds) == rows.map(\.threadSeconds).sorted(by: >))
        #expect(0...1 ~= result.profile.serialShare)
        #expect((result.profile.oneThreadShare ?? -1) >= result.profile.serialShare)
        for operation in Kernels.Operation.allCases
        where operation != .rounding && !operation.isOfTask {
          let row = try #require(rows.first { $0.name == operation.rawValue }, "\(operation)")
          #expect(row.calls == row.calls?.rounded() && row.calls! >= 1)
          #expect((row.gigaflopsPerSecond != nil) == operation.isProduct)
          #expect((row.rooflineGigaflopsPerSecond != nil) == operation.isProduct)
          #expect((row.gigabytesPerSecond != nil) == !operation.isProduct)
          #expect((row.memoryGigabytesPerSecond != nil) == !operation.isProduct)
        }
        // Three leaves of two sequences and two layers: a tile a head, whatever it tells observers of.
        #expect(rows.first { $0.name == "attn backward" }?.calls == Double(3 * 2 * 2 * 2))
        #expect(result.simulated == nil)
      }
    }

    /// More threads never compute slower than one and never more than as many times as fast.
    @Test(arguments: [1, 2]) func aStepIsSimulatedOnOtherNumbersOfThreads(_ threads: Int) throws {
      try withTemporaryFolder { folder in
        let result = try Sandbox(folder: folder).json(
          Result.self,
          "bench --preset debug --vocabulary 300 --threads \(threads) --steps 3 --tile-rows 64 --simulate-threads 1 2 4"
        )
        let simulated = try #require(result.simulated)
        #expect(simulated.regions > 20 && simulated.serialSeconds > 0)
        #expect(simulated.handOutSeconds >= 0)
        #expect(simulated.threads.map(\.threads) == [1, 2, 4])
        for step in simulated.threads {
          #expect(step.secondsPerStep > 0)
          #expect(step.efficiency > 0 && step.efficiency <= 1.000_001)
          #expect(step.waiting.values.allSatisfy { 0..<1 ~= $0 })
        }
        #expect(abs(simulated.threads[0].efficiency - 1) < 1e-9)
        // One thread waits for nobody.
        #expect(simulated.threads[0].waiting.values.allSatisfy { $0 < 1e-9 })
      }
    }

    /// Measured memory is near the prediction: this model's small products hardly touch their workspaces, and of libraries more or
    /// less is resident.
    private func expectMemory(_ result: Result, at location: SourceLocation = #_sourceLocation) {
      let (found, predicted) = (result.bytesResident, result.bytesPredicted)
      let workspaces = result.threads * ProductWorkspaces.bytesTouched
      #expect(found > predicted - workspaces, "\(found), \(predicted)", sourceLocation: location)
      #expect(found > predicted / 2, "\(found), \(predicted)", sourceLocation: location)
      #expect(found < predicted + predicted / 2, "\(found), \(predicted)", sourceLocation: location)
    }

    @Test func ranksMeasureTogetherOnRealTokens() throws {
      try Sandbox.with { sandbox in
        let line = "bench --preset debug --data data --threads 1 --steps 2 --recompute --json"
        let output = try sandbox.succeed(line, ranks: 2).output
        let result = try TestSupport.json(Result.self, from: output)
        #expect(result.ranks == 2)
        expectMemory(result)
        // A leaf of two sequences a rank.
        #expect(result.tokensPerStep == 2 * 2 * 32)
        let rows = result.profile.rows
        #expect(rows.contains { $0.name == "communication" })
        // On both ranks the second block is computed once and the first one twice.
        #expect(rows.first { $0.name == "attn" }?.calls == Double(2 * 2 * 2 * 3))
        #expect(result.profile.oneThreadShare == nil)
      }
    }

    @Test func whatCannotBeMeasuredIsRefused() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        var refusals: [Refusal] = []
        func refused(_ flags: String, status: Int32 = 2, _ sentence: String) {
          refusals.append(Refusal("bench --preset debug \(flags)", status: status, sentence))
        }
        refused("--steps 0", "--steps 0: expected a number from 1")
        refused("--warm-up -1", "--warm-up")
        refused("--batch 3", "cannot be divided into micro-batches of 2")
        refused("--micro-batch 0", "micro-batch is 0")
        refused("--micro-batch 9223372036854775807 --batch 1", "micro-batch is")
        refused("--dropout 1", "dropout is 1")
        refused("--precision fp8", "'fp8' is invalid for '--precision")
        refused("--data nowhere", status: 1, "nowhere")
        refused("--trace nowhere/trace.json", status: 1, "nowhere: there is no such folder")
        refused("--trace .", status: 1, "is not a file name")
        if !Precision.bf16.isSupported {
          refused("--precision bf16", status: 1, "AVX512_BF16 or AMX")
        }
        try sandbox.expectRefusals(refusals)
        #expect(try sandbox.names(in: ".") == [])
      }
    }
  }
}
