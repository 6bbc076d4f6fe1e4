import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `replay`: steps of a run computed once more.
  @Suite(.serialized) struct ReplayTests {
    private struct Outcome: Decodable {
      struct Leaf: Decodable, Equatable {
        struct Tensor: Decodable, Equatable { let name, gradientHash: String }
        let leaf: Int
        let windows: [Int]
        let loss: Double
        let weightsHash, gradientHash: String
        let tensors: [Tensor]
      }
      let agrees, isExact: Bool
      let ranks: Int
      let runRanks, steps: [Int]
      let differences: [String]
      let checkpoint, comparedCheckpoint, weightsHash: String?
      let lossDeviationMax: Double
      let weightDeviationMax: Double?
      let leaf: Leaf?
    }

    private static let train =
      "\(Sandbox.pretrain) --out run --batch 12 --micro-batch 2 --dropout 0.1 --steps 10 "
      + "--checkpoint-every 4"

    private func replay(
      _ sandbox: Sandbox, _ line: String, ranks: Int? = nil, status: Int32 = 0,
      at location: SourceLocation = #_sourceLocation
    ) throws -> Outcome {
      let result = try sandbox.run("replay run --json \(line)", ranks: ranks)
      #expect(result.status == status, "\(result.errors)", sourceLocation: location)
      return try result.json(Outcome.self)
    }

    /// Runs `edit` on the bytes of a checkpoint's file, and writes its sums anew: an error that no hash of a file finds.
    private func forge(
      _ file: String, in checkpoint: String, _ sandbox: Sandbox, _ edit: (inout Data) -> Void
    ) throws {
      var data = try sandbox.read("\(checkpoint)/\(file)")
      edit(&data)
      try sandbox.write(data, to: "\(checkpoint)/\(file)")
      let sums = try sandbox.shell(
        "cd \(checkpoint) && xxhsum -H2 $(cut -c35- XXH128SUMS) >sums && mv sums XXH128SUMS")
      #expect(sums.status == 0, "\(sums.errors)")
      #expect(try sandbox.run("verify \(checkpoint)").status == 0)
    }

    @Test func anOrderedRunGivesTheSameBitsOnAnyNumberOfRanks() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Self.train) --reduce ordered", ranks: 2)
        let before = try sandbox.snapshot(of: "run")
        for ranks in [1, 3] {
          let outcome = try replay(sandbox, "--step 8 --threads 1", ranks: ranks)
          #expect(outcome.agrees && outcome.isExact, "\(outcome.differences)")
          #expect(outcome.ranks == ranks && outcome.runRanks == [2])
          #expect(outcome.checkpoint == sandbox.checkpoint(4, of: "run"))
          #expect(outcome.comparedCheckpoint == sandbox.checkpoint(8, of: "run"))
          #expect(outcome.steps == [5, 6, 7, 8])
          #expect(outcome.weightDeviationMax == 0 && outcome.lossDeviationMax == 0)
        }
        // From the initial weights, on two threads; and a step without a checkpoint.
        #expect(try replay(sandbox, "--step 3 --threads 2").steps == [1, 2, 3])
        let last = try replay(sandbox, "--step 9")
        #expect(last.steps == [9] && last.comparedCheckpoint == nil && last.agrees)
        #expect(try sandbox.text("run/metrics.jsonl").contains(last.weightsHash ?? "none"))
        let text = try sandbox.succeed("replay run --step 8").output
        #expect(text.contains("the same bits: loss, gradient norm and weights of 4 steps"))
        #expect(try sandbox.snapshot(of: "run") == before)
        try sandbox.expectRefusal("replay run --step 8", ranks: 5, status: 2, "6 micro-batches")
      }
    }

    /// Older programs wrote neither kind nor time into `metrics.jsonl`: such runs are replayed and go on all the same.
    @Test func linesWithoutKindAndTimeCountAllTheSame() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Self.train) --reduce ordered", ranks: 2)
        let metrics = try sandbox.text("run/metrics.jsonl")
        let older = metrics.replacing(/,"time":[0-9.]+/, with: "").replacing(
          /,"type":"[a-z]+"/, with: "")
        #expect(!older.contains("time\"") && !older.contains("type\"") && older.contains("loss\""))
        try sandbox.write(older, to: "run/metrics.jsonl")
        let outcome = try replay(sandbox, "--step 9")
        #expect(outcome.agrees && outcome.steps == [9], "\(outcome.differences)")
        let losses = try sandbox.losses(of: "run")
        try sandbox.succeed("\(Self.train) --reduce ordered --steps 12", ranks: 2)
        #expect(try sandbox.losses(of: "run").prefix(10) == losses[...])
        #expect(try sandbox.losses(of: "run").count == 12)
      }
    }

    @Test func anAllReducedRunGivesItsBitsOnAsManyRanksAndElseItsNumbers() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed(Self.train, ranks: 3)
        let same = try replay(sandbox, "--step 8 --threads 2", ranks: 3)
        #expect(same.agrees && same.isExact, "\(same.differences)")
        #expect(same.comparedCheckpoint != nil && same.weightDeviationMax == 0)
        let other = try replay(sandbox, "--step 8")
        #expect(other.agrees && !other.isExact, "\(other.differences)")
        #expect(other.runRanks == [3])
        // Another order of summation: near, and not the same.
        #expect((other.weightDeviationMax ?? 0) > 0)
        let text = try sandbox.succeed("replay run --step 8").output
        #expect(text.contains("The run had 3 ranks: start the same number to compare bits"))
      }
    }

    @Test func whatIsNotAsTheRunLeftItIsNamed() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Self.train) --reduce ordered", ranks: 2)
        let metrics = try sandbox.text("run/metrics.jsonl")
        func expectDifference(
          _ line: String, ranks: Int? = nil, _ parts: String...,
          at location: SourceLocation = #_sourceLocation
        ) throws {
          let outcome = try replay(sandbox, line, ranks: ranks, status: 1, at: location)
          #expect(!outcome.agrees, sourceLocation: location)
          for part in parts {
            #expect(
              outcome.differences.first?.contains(part) == true, "\(outcome.differences)",
              sourceLocation: location)
          }
        }

        // A loss that is not the run's, in the last digit.
        let lines = metrics.split(separator: "\n").map(String.init)
        let six = try #require(lines.first { $0.contains("\"step\":6,") })
        let loss = try #require(six.firstMatch(of: /"loss":([0-9.]+)/)?.1)
        let near = Double(loss).map { $0.nextUp }
        let changed = six.replacing("\"loss\":\(loss)", with: "\"loss\":\(near ?? 0)")
        try sandbox.write(metrics.replacing(six, with: changed), to: "run/metrics.jsonl")
        try expectDifference(
          "--step 8", ranks: 3, "step 6: the loss was \(near ?? 0) and is \(loss)")
        let hash = try #require(six.firstMatch(of: /"weightsHash":"([0-9a-f]+)"/)?.1)
        try sandbox.write(
          metrics.replacing(hash, with: String(hash.reversed())), to: "run/metrics.jsonl")
        try expectDifference("--step 6", "step 6: the weights' hash was")
        try sandbox.write(metrics, to: "run/metrics.jsonl")

        // One bit of one weight, and one of one moment, in the checkpoint of the step.
        let eight = sandbox.checkpoint(8, of: "run")
        try sandbox.copy(eight, to: "good")
        // The end of the last tensor by name.
        try forge("model.safetensors", in: eight, sandbox) { $0[$0.count - 4] ^= 1 }
        try expectDifference(
          "--step 8", "model.safetensors: tokens_embed.weight[", "the first of 1")
        try sandbox.remove(eight)
        try sandbox.copy("good", to: eight)
        try forge("optimizer.safetensors", in: eight, sandbox) { $0[$0.count - 4] ^= 1 }
        try expectDifference("--step 8", ranks: 2, "exp_avg_sq.tokens_embed.weight[")
        // And in the one that it begins with.
        try forge("model.safetensors", in: sandbox.checkpoint(4, of: "run"), sandbox) {
          $0[$0.count - 4] ^= 1
        }
        try expectDifference("--step 5", "step 4: the weights of", "but the run had")
        // A checkpoint that does not verify is passed over, and said to be at fault where it is the step's own.
        var model = try sandbox.read("good/model.safetensors")
        model[model.count - 4] ^= 1
        try sandbox.write(model, to: "\(eight)/model.safetensors")
        let over = try sandbox.run("replay run --step 9")
        #expect(over.errors.contains("the checkpoint of step 8 is skipped"))
      }
    }

    @Test func aLeafComesOutAlikeOnEveryNumberOfThreads() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Self.train) --reduce ordered")
        let line = "--step 7 --micro-batch-index"
        let one = try #require(try replay(sandbox, "\(line) 4 --threads 1").leaf)
        // The option's former name.
        #expect(try replay(sandbox, "--step 7 --leaf 4 --threads 2").leaf == one)
        #expect(try replay(sandbox, "\(line) 4 --threads 1", ranks: 2).leaf == one)
        #expect(one.leaf == 4 && one.windows.count == 2)
        #expect(one.loss > 1 && one.loss < 10)
        #expect(one.tensors.map(\.name).contains("h.1.mlp.c_fc.weight"))
        #expect(Set(one.tensors.map(\.gradientHash)).count == one.tensors.count)
        let other = try #require(try replay(sandbox, "\(line) 3 --threads 1").leaf)
        #expect(other.gradientHash != one.gradientHash && other.weightsHash == one.weightsHash)
        #expect(Set(other.windows).isDisjoint(with: one.windows))
      }
    }

    @Test func whatCannotBeComputedAgainIsRefused() throws {
      try Sandbox.with { sandbox in
        try sandbox.expectRefusal("replay run --step 1", "run: there is no such run")
        try sandbox.succeed(Self.train)
        try sandbox.expectRefusal(
          "replay run --step 11", ranks: 2, status: 2, "has 10 steps: give a --step from 1 to 10")
        try sandbox.expectRefusals([
          Refusal(
            "replay run --step 3 --micro-batch-index 6", status: 2,
            "6 micro-batches: give a --micro-batch-index from 0 to 5"),
          Refusal(
            "replay run --step 5 --task mood.yaml", status: 2, "run is a pre-training run", "--task"
          ),
          Refusal(
            "replay run --step 5 --from data", status: 2, "run began with random weights", "--from"),
          Refusal("replay run --step 0", status: 2, "steps count from 1"),
          Refusal(
            "replay run --step 1 --micro-batch-index=-1", status: 2, "micro-batches count from 0"),
          Refusal("replay run --step 1 --threads 5000", status: 2, "--threads is 5000"),
          Refusal(
            "replay run --step 1 --data nowhere", "nowhere: does not exist on this machine",
            "--data"),
        ])
        try sandbox.succeed(
          "prepare --input corpus.txt --tokenizer data --out other "
            + "--validation-fraction 0.2")
        try sandbox.expectRefusal(
          "replay run --step 5 --data other",
          "other: these are not the data that the run was trained on")
        let metrics = try sandbox.text("run/metrics.jsonl")
        try sandbox.write("{]\n" + metrics, to: "run/metrics.jsonl")
        try sandbox.expectRefusal("replay run --step 5", "run/metrics.jsonl:1: is not a line")
        // A killed run leaves half a line.
        try sandbox.write(metrics + "{\"step\":11,\"lo", to: "run/metrics.jsonl")
        try sandbox.succeed("replay run --step 5")
        try sandbox.write("", to: "run/metrics.jsonl")
        try sandbox.expectRefusal("replay run --step 5", "metrics.jsonl: has no steps")
      }
    }
  }
}
