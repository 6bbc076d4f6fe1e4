import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// NaN and spikes: all ranks decide alike, say which leaf it was, and go on as they were told.
  @Suite(.serialized) struct AnomalyTests {
    private static let line =
      "\(Sandbox.pretrain) --batch 12 --micro-batch 2 --dropout 0.1 --checkpoint-every 5 --steps 20"

    private struct Record: Decodable {
      let step: Int
      let kind, quantity, policy: String
      let loss, gradientNorm, score: Double?
      let updates: [Int]
      let isReproduced: Bool
      let leaves: [Leaf]

      struct Leaf: Decodable {
        let leaf, rank: Int
        let host: String
        let loss, gradientNorm: Double?
        let samples, windows: [Int]
      }
    }

    private struct Line: Decodable {
      let step: Int
      let loss, gradientNorm: Double?
      let learningRate: Double?
      let type: String
      let weightsHash: String?
    }

    private func records(_ sandbox: Sandbox, of run: String) throws -> [Record] {
      try sandbox.jsonLines(Record.self, in: "\(run)/anomalies.jsonl")
    }

    /// The lines of steps, each step exactly once and in order.
    private func steps(_ sandbox: Sandbox, of run: String) throws -> [Line] {
      let lines = try sandbox.jsonLines(Line.self, in: "\(run)/metrics.jsonl").filter {
        $0.learningRate != nil
      }
      #expect(lines.map(\.step) == Array(1...max(1, lines.count)))
      return lines
    }

    private func expectEqual(_ sandbox: Sandbox, _ one: String, _ other: String, at step: Int = 20)
      throws
    {
      for file in ["model.safetensors", "optimizer.safetensors"] {
        #expect(
          try sandbox.read("\(sandbox.checkpoint(step, of: one))/\(file)")
            == sandbox.read("\(sandbox.checkpoint(step, of: other))/\(file)"))
      }
    }

    @Test(arguments: [("allreduce", 3), ("ordered", 3), ("ordered", 2), ("allreduce", nil)])
    func nanOnOneRankIsSkippedOrRolledBackByAllRanks(reduce: String, ranks: Int?) throws {
      try Sandbox.with { sandbox in
        let rank = (ranks ?? 1) - 1
        let line = "\(Self.line) --reduce \(reduce)"
        let fault = "--fault nan:\(rank):13"
        let outcomes = try sandbox.succeedAll(
          [
            "\(line) --out whole", "\(line) --out skip --anomaly skip \(fault)",
            "\(line) --out back --anomaly rollback \(fault)",
          ], ranks: ranks)
        let (whole, skip, back) = (outcomes[0], outcomes[1], outcomes[2])
        #expect(!whole.errors.contains("skipped") && !sandbox.exists("whole/anomalies.jsonl"))

        #expect(skip.errors.components(separatedBy: "This step is skipped").count == 2)
        let lines = try steps(sandbox, of: "skip")
        #expect(lines.count == 20)
        #expect(lines.filter { $0.type == "skipped" }.map(\.step) == [13])
        #expect(lines[12].loss == nil && lines[12].gradientNorm == nil)
        #expect(lines.filter { $0.loss == nil }.count == 1)
        #expect(lines[12].weightsHash == lines[11].weightsHash)
        let undisturbed = try steps(sandbox, of: "whole")
        #expect(lines.prefix(12).map(\.loss) == undisturbed.prefix(12).map(\.loss))
        #expect(lines[14].loss != undisturbed[14].loss)
        try sandbox.succeed("verify \(sandbox.checkpoint(20, of: "skip"))")

        let records = try records(sandbox, of: "skip")
        try #require(records.count == 1 && records[0].leaves.count == 1)
        #expect(records[0].step == 13 && records[0].kind == "nan" && records[0].policy == "skip")
        #expect(records[0].quantity == "loss" && records[0].loss == nil)
        #expect(records[0].updates == [13] && records[0].isReproduced)
        let leaf = records[0].leaves[0]
        #expect(leaf.leaf == rank && leaf.rank == rank && !leaf.host.isEmpty && leaf.loss == nil)
        #expect(leaf.samples == [2 * rank, 2 * rank + 1])
        #expect(leaf.windows.count == 2)

        // Going back and on without the update leads to the same weights as not applying it.
        #expect(back.errors.contains("resuming from \(sandbox.checkpoint(10, of: "back"))"))
        #expect(
          back.errors.contains("The run goes back to a checkpoint and continues without step 13"))
        #expect(try steps(sandbox, of: "back").map(\.loss) == lines.map(\.loss))
        #expect(try steps(sandbox, of: "back")[12].type == "skipped")
        try expectEqual(sandbox, "back", "skip")
        #expect(
          try sandbox.text("\(sandbox.checkpoint(15, of: "back"))/trainer.json")
            .contains(#""rollbacks" : 1"#))
      }
    }

    @Test(arguments: ["allreduce", "ordered"])
    func byDefaultTheRunStopsAndItsLastCheckpointIsUntouched(reduce: String) throws {
      try Sandbox.with { sandbox in
        let line = "\(Self.line) --reduce \(reduce) --out run --fault nan:1:13"
        let stopped = try sandbox.run(line, ranks: 3)
        #expect(stopped.status == 1)
        #expect(stopped.sentences.count == 1, "\(stopped.errors)")
        for part in [
          "step 13: the loss is nan", "micro-batch 1 of rank 1 on ", "Training stops here",
          "--anomaly skip or rollback",
        ] {
          #expect(stopped.sentences.first?.contains(part) == true, "\(stopped.sentences)")
        }
        #expect(try sandbox.checkpoints(of: "run") == [5, 10])
        #expect(try records(sandbox, of: "run").map(\.policy) == ["stop"])
        // The way out that the sentence names.
        try sandbox.succeed("\(line) --anomaly skip", ranks: 3)
        #expect(try records(sandbox, of: "run").map(\.policy) == ["stop", "skip"])
        #expect(try steps(sandbox, of: "run").count == 20)
      }
    }

    @Test func aSpikeIsFoundByTheStatisticsInTheCheckpoint() throws {
      try Sandbox.with { sandbox in
        let line =
          "\(Self.line) --steps 60 --checkpoint-every 10 --anomaly skip --fault spike:1:45"
        // Without spikes nothing is said.
        try sandbox.succeedAll(
          ["\(line) --out whole", "\(line) --out none --spike-threshold 0"], ranks: 2)
        #expect(!sandbox.exists("none/anomalies.jsonl") && sandbox.exists("none/metrics.jsonl"))
        let record = try #require(try records(sandbox, of: "whole").first)
        #expect(record.step == 45 && record.kind == "spike" && record.quantity == "loss")
        #expect((record.score ?? 0) > 20 && record.isReproduced)
        #expect(record.leaves.map(\.leaf) == [1])
        #expect(try steps(sandbox, of: "whole").filter { $0.type == "skipped" }.map(\.step) == [45])

        // Begun anew at step 40, five steps would be too few to tell a spike by.
        let interrupted = line.replacing("spike:1:45", with: "spike:1:45,stop:1:43")
        let killed = try sandbox.run("\(interrupted) --out run", ranks: 2) { mpirun in
          if let rank = Command.stopped(below: mpirun) { kill(rank, SIGKILL) }
        }
        #expect(killed.status == 128 + SIGKILL)
        try sandbox.succeed("\(line) --out run", ranks: 2)
        #expect(
          try steps(sandbox, of: "run").map(\.loss) == steps(sandbox, of: "whole").map(\.loss))
        try expectEqual(sandbox, "run", "whole", at: 60)
      }
    }

    @Test func aRunThatIsKilledAfterGoingBackGoesBackAgain() throws {
      try Sandbox.with { sandbox in
        let line =
          "\(Self.line) --steps 120 --checkpoint-every 40 --anomaly rollback --reduce ordered "
          + "--fault nan:0:57"
        try sandbox.succeed("\(line) --out whole")
        let killed = try sandbox.run("\(line),stop:0:67 --out run") { process in
          if let stopped = Command.stopped(below: process) { kill(stopped, SIGKILL) }
        }
        #expect(killed.status == 128 + SIGKILL)
        try sandbox.succeed("\(line) --out run", ranks: 2)
        #expect(
          try steps(sandbox, of: "run").map(\.weightsHash)
            == steps(sandbox, of: "whole").map(\.weightsHash))
        #expect(try records(sandbox, of: "run").map(\.step) == [57, 57])
        #expect(
          try sandbox.text("\(sandbox.checkpoint(120, of: "run"))/trainer.json")
            .contains(#""rollbacks" : 1"#))
      }
    }

    @Test func withoutACheckpointTheRunGoesBackToItsBeginning() throws {
      try Sandbox.with { sandbox in
        let line = "\(Self.line) --steps 10 --checkpoint-every 50 --fault nan:0:4"
        try sandbox.succeedAll(
          ["\(line) --out back --anomaly rollback", "\(line) --out skip --anomaly skip"])
        try expectEqual(sandbox, "back", "skip", at: 10)
      }
    }

    @Test func whatDoesNotHelpEnds() throws {
      try Sandbox.with { sandbox in
        // The first update makes weights beyond all numbers; without that, the next one that is applied does.
        let ruin =
          "\(Self.line) --learning-rate 1e30 --warm-up 0 --checkpoint-every 50 --steps 30 "
          + "--evaluate-every 0 --out"
        try sandbox.expectRefusals(
          [
            Refusal(
              "\(ruin) skip --anomaly skip", "10 steps in a row were skipped before it"),
            Refusal("\(ruin) back --anomaly rollback", "The run already went back 10 times"),
          ], ranks: 2)
      }
    }
  }
}
