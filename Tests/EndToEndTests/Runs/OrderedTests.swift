import Foundation
import Kernels
import TestSupport
import Testing

extension EndToEnd {
  /// `--reduce ordered`: the same bits whatever the number of ranks and threads, and whatever happens to them.
  @Suite(.serialized) struct OrderedTests {
    private static let leaves = "--batch 24 --micro-batch 2 --dropout 0.1 --reduce ordered"

    @Test(arguments: ProductEngine.allCases)
    func anyNumberOfRanksAndThreadsGivesTheSameBits(_ engine: ProductEngine) throws {
      try Sandbox.with { sandbox in
        let line =
          "pretrain --preset debug --data data --engine \(engine.rawValue) \(Self.leaves) --steps 20 --out"
        try sandbox.succeed("\(line) one --threads 1")
        let expected = try sandbox.weightsHashes(of: "one")
        #expect(expected.count == 20 && Set(expected).count == 20)
        #expect(expected.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
        let losses = try sandbox.losses(of: "one")
        let optimizer = try sandbox.read(
          "\(sandbox.checkpoint(20, of: "one"))/optimizer.safetensors")
        let shapes = [(1, 2), (2, 1), (2, 2), (3, 1), (4, 1), (4, 2), (6, 1)]
        _ = try sideBySide(shapes, atOnce: 2) { (ranks: Int, threads: Int) in
          try sandbox.succeed(
            "\(line) run\(ranks)x\(threads) --threads \(threads)", ranks: ranks)
        }
        for (ranks, threads) in shapes {
          let run = "run\(ranks)x\(threads)"
          #expect(try sandbox.weightsHashes(of: run) == expected, "\(ranks) ranks of \(threads)")
          // Losses and validation losses are sums in a fixed order too, and the moments are gathered whole.
          #expect(try sandbox.losses(of: run) == losses)
          #expect(try sandbox.validationLosses(of: run) == sandbox.validationLosses(of: "one"))
          #expect(
            try sandbox.read("\(sandbox.checkpoint(20, of: run))/optimizer.safetensors")
              == optimizer)
        }
        // The order is what does it: all-reduce on two ranks sums otherwise.
        try sandbox.succeed(
          "\(line) other --threads 1".replacing("ordered", with: "allreduce"), ranks: 2)
        #expect(try sandbox.weightsHashes(of: "other") == [])
        let weights = { (run: String) in
          try sandbox.read("\(sandbox.checkpoint(20, of: run))/model.safetensors")
        }
        #expect(try weights("other") != weights("one"))
      }
    }

    @Test func ranksThatAreKilledGoOnInOtherNumbers() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) \(Self.leaves) --steps 60 --checkpoint-every 5 --out"
        try sandbox.succeed("\(line) whole", ranks: 3)
        for (ranks, step) in [(4, 13), (2, 31)] {
          let killed = try sandbox.run("\(line) run", ranks: ranks) { mpirun in
            sandbox.waitForStep(step, of: "run", while: mpirun)
            if let rank = Command.children(of: mpirun).last { kill(rank, SIGKILL) }
          }
          #expect(killed.status == 128 + SIGKILL, "\(killed.errors)")
        }
        try sandbox.succeed("\(line) run", ranks: 3)
        #expect(try sandbox.weightsHashes(of: "run") == sandbox.weightsHashes(of: "whole"))
        #expect(try sandbox.weightsHashes(of: "run").count == 60)
        for file in ["model.safetensors", "optimizer.safetensors"] {
          #expect(
            try sandbox.read("\(sandbox.checkpoint(60, of: "run"))/\(file)")
              == sandbox.read("\(sandbox.checkpoint(60, of: "whole"))/\(file)"))
        }
      }
    }

    @Test func ranksThatCannotShareTheLeavesAreRefused() throws {
      try Sandbox.with { sandbox in
        try sandbox.expectRefusal(
          "\(Sandbox.pretrain) \(Self.leaves) --out run", ranks: 5, status: 2,
          "12 micro-batches (--batch 24 / --micro-batch 2)", "5 ranks",
          "start 1, 2, 3, 4, 6, 12 ranks")
        #expect(!sandbox.exists("run"))
      }
    }
  }
}
