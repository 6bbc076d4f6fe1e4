import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Ranks, and runs that are interrupted and started again: the numbers are those of a run that nothing disturbed.
  @Suite(.serialized) struct RestartTests {
    private static let line = "\(Sandbox.pretrain) \(Sandbox.long) --out"

    /// The run `whole` that nobody disturbs.
    private static let whole = PreparedFolder(on: Sandbox.prepared) {
      try $0.succeed("\(line) whole")
    }
    private static let wholeOfTwoRanks = PreparedFolder(on: Sandbox.prepared) {
      try $0.succeed("\(line) whole", ranks: 2)
    }

    @Test func oneToFourRanksTrainTheSameModelWithDropout() throws {
      try Sandbox.with { sandbox in
        var runs: [(losses: [Double], weights: Tensors)] = []
        _ = try sideBySide(Array(1...4), atOnce: 2) { (ranks: Int) in
          try sandbox.succeed(
            "\(Sandbox.pretrain) --out run\(ranks) --steps 20 --dropout 0.1", ranks: ranks)
        }
        for ranks in 1...4 {
          let weights = "\(sandbox.checkpoint(20, of: "run\(ranks)"))/model.safetensors"
          runs.append(
            (try sandbox.losses(of: "run\(ranks)"), try Tensors(sandbox.read(weights))))
        }
        #expect(runs[0].losses.count == 20)
        #expect(Set(runs[0].losses).count == 20)
        for run in runs.dropFirst() {
          for (one, many) in zip(runs[0].losses, run.losses) {
            #expect(abs(one - many) <= 1e-4 * abs(one))
          }
          // Adam divides by the gradient's own size: where that is near nothing, rounding decides the direction. So the norm of
          // the difference, over the norm.
          for name in runs[0].weights.shapes.keys {
            let (one, many) = (try runs[0].weights.floats(name), try run.weights.floats(name))
            let difference = zip(one, many).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
            let norm = one.reduce(0.0) { $0 + pow(Double($1), 2) }
            #expect(difference <= 1e-3 * 1e-3 * norm, "\(name)")
          }
        }
      }
    }

    @Test func aRunWithAKilledRankGoesOnFromItsLastCheckpoint() throws {
      try Self.wholeOfTwoRanks.with { sandbox in
        let killed = try sandbox.run("\(Self.line) run --fault stop:1:58", ranks: 2) { mpirun in
          if let rank = Command.stopped(below: mpirun) { kill(rank, SIGKILL) }
        }
        #expect(killed.status == 128 + SIGKILL)
        #expect(!killed.timedOut)
        let newest = try #require(try sandbox.checkpoints(of: "run").last)
        // The one of step 50 was being written.
        #expect([40, 50].contains(newest))

        let again = try sandbox.succeed("\(Self.line) run", ranks: 2)
        #expect(again.errors.contains("resuming from \(sandbox.checkpoint(newest, of: "run"))"))
        try expectEqualRuns(sandbox, "run", "whole")
      }
    }

    @Test func ranksWithoutALeafOnlyTakePart() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) --batch 4 --micro-batch 2 --evaluate-sequences 1 --out"
        try sandbox.succeed("\(line) one")
        try sandbox.succeed("\(line) three", ranks: 3)
        let (ones, threes) = (try sandbox.losses(of: "one"), try sandbox.losses(of: "three"))
        #expect(ones.count == 20 && threes.count == 20)
        for (one, three) in zip(ones, threes) {
          #expect(abs(one - three) < 1e-4 * one)
        }
      }
    }

    @Test func stepsLoggedAfterTheCheckpointAreLoggedOnce() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        let losses = try sandbox.losses(of: "run")
        try sandbox.remove(sandbox.checkpoint(20, of: "run"))
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        #expect(try sandbox.losses(of: "run") == losses)
        #expect(losses.count == 20)
      }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGUSR1])
    func aSignalToASingleProcessCheckpointsAndStops(signal: Int32) throws {
      try Self.whole.with { sandbox in
        try expectStopAndGoOn(sandbox, ranks: nil) { kill($0, signal) }
      }
    }

    @Test func aUserSignalToMpirunCheckpointsAndStopsAllRanks() throws {
      try Self.wholeOfTwoRanks.with { sandbox in
        try expectStopAndGoOn(sandbox, ranks: 2) { kill($0, SIGUSR1) }
      }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func aSignalToTheLaunchScriptCheckpointsAndStopsAllRanks(signal: Int32) throws {
      try Self.wholeOfTwoRanks.with { sandbox in
        try expectStopAndGoOn(sandbox, ranks: 2, launcher: "\(Repository.path)/cluster/launch.sh") {
          kill($0, signal)
        }
      }
    }

    /// Asks a run to stop in its middle, starts it again, and compares with one that nobody asked.
    private func expectStopAndGoOn(
      _ sandbox: Sandbox, ranks: Int?, launcher: String = "mpirun", stop: (pid_t) -> Void
    ) throws {
      let stopped = try withoutActuallyEscaping(stop) { stop in
        try sandbox.run("\(Self.line) run --fault stop:0:34", ranks: ranks, launcher: launcher) {
          process in
          guard let rank = Command.stopped(below: process) else { return }
          stop(process)
          Command.awaitRequest(to: rank)
          kill(rank, SIGCONT)
        }
      }
      #expect(stopped.status == 75, "\(stopped.errors)")
      let last = try sandbox.losses(of: "run").count
      #expect((33..<200).contains(last))
      #expect(try sandbox.checkpoints(of: "run").last == last)
      #expect(stopped.errors.contains("stopped on request after step \(last)"))

      let again = try sandbox.run("\(Self.line) run", ranks: ranks, launcher: launcher)
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.errors.contains("resuming from \(sandbox.checkpoint(last, of: "run"))"))
      try expectEqualRuns(sandbox, "run", "whole")
    }

    /// Losses of all steps, validation losses and the last weights, bit for bit.
    private func expectEqualRuns(_ sandbox: Sandbox, _ run: String, _ whole: String) throws {
      let losses = try sandbox.losses(of: whole)
      #expect(losses.count == 200)
      #expect(try sandbox.losses(of: run) == losses)
      #expect(try sandbox.validationLosses(of: run) == sandbox.validationLosses(of: whole))
      for file in ["model.safetensors", "optimizer.safetensors"] {
        let one = try sandbox.read("\(sandbox.checkpoint(200, of: run))/\(file)")
        #expect(try one == sandbox.read("\(sandbox.checkpoint(200, of: whole))/\(file)"))
      }
    }

    @Test func aFinishedRunStartedAgainChangesNothing() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run", ranks: 2)
        let before = try sandbox.snapshot(of: "run")
        #expect(before.count > 10)
        let again = try sandbox.succeed("\(Sandbox.pretrain) --out run", ranks: 2)
        #expect(try sandbox.snapshot(of: "run") == before)
        #expect(again.errors.contains("finished: 20 of 20 steps"))
        #expect(again.output.contains("validation loss"))
      }
    }

    @Test func moreStepsGoOnWhereTheRunEnded() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        let before = try sandbox.losses(of: "run")
        let more = try sandbox.succeed("\(Sandbox.pretrain) --out run --steps 25")
        #expect(more.errors.contains("resuming from \(sandbox.checkpoint(20, of: "run"))"))
        let after = try sandbox.losses(of: "run")
        #expect(after.count == 25)
        #expect(Array(after.prefix(20)) == before)
        #expect(try sandbox.checkpoints(of: "run").last == 25)
      }
    }
  }
}
