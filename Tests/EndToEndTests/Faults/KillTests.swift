import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// kill -9 again and again: whatever it hits and whenever, the same command goes on, and nothing is lost.
  @Suite(.serialized) struct KillTests {
    private enum Victim: String, CaseIterable { case saver, otherRank, mpirun }

    private static let kills = 60
    /// Starts in which Open MPI itself may hang, because a rank or mpirun was killed while they were finding each other.
    private static let mostHangs = 6
    private static let line =
      "pretrain --preset debug --data data --threads 1 --context 8 --width 16 --layers 1 "
      + "--batch 2 --micro-batch 1 --evaluate-sequences 2 --evaluate-every 0 --dropout 0.1 --steps 3000"

    @Test func killsAtRandomMomentsLoseNothing() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Self.line) --out whole --checkpoint-every 3000", ranks: 2)
        let seed = UInt64.random(in: 0...999_999)
        var generator = SeededGenerator(seed: seed)
        var (kills, newest, hangs) = (0, 0, 0)
        var hits: [Victim: Int] = [:]
        while kills < Self.kills {
          let victim = Victim.allCases.randomElement(using: &generator)!
          let delay = Double.random(in: 0...0.4, using: &generator)
          // Half of them while the ranks start or read their checkpoint, half while they train and save.
          let afterStart = Bool.random(using: &generator)
          let outcome = try start(sandbox) { mpirun in
            if afterStart { waitForANewStep(sandbox, while: mpirun) }
            usleep(UInt32(delay * 1e6))
            // One that has not been born yet dies at its birth.
            while !hit(victim, mpirun), !Command.ends(mpirun, within: 0.001) {}
          }
          // The rest of the job hung inside Open MPI and has been killed; such a kill says nothing about our code, so try again.
          if outcome.timedOut, !afterStart, hangs < Self.mostHangs {
            hangs += 1
          } else {
            kills += 1
            hits[victim, default: 0] += 1
            #expect(
              outcome.status != 0 && !outcome.timedOut,
              "seed \(seed), \(victim): \(outcome.errors)")
          }
          #expect(
            outcome.sentences.allSatisfy {
              !$0.contains("verifies") && !$0.contains("another run")
            },
            "\(victim): \(outcome.errors)")
          // Never a step back.
          let now = try newestCheckpoint(sandbox)
          #expect(now >= newest, "\(victim), seed \(seed)")
          newest = now
        }
        print(
          "KillTests: seed \(seed), \(hits.map { "\($0.value) of \($0.key)" }.sorted()), step \(newest), \(hangs) hangs of Open MPI"
        )
        #expect(hits.count == Victim.allCases.count)
        #expect((20..<3_000).contains(newest), "too few steps, or too many")
        try sandbox.succeed("\(Self.line) --out run --checkpoint-every 3000", ranks: 2)
        #expect(try sandbox.losses(of: "run") == sandbox.losses(of: "whole"))
        #expect(try sandbox.losses(of: "run").count == 3_000)
        for file in ["model.safetensors", "optimizer.safetensors"] {
          #expect(
            try sandbox.read("\(sandbox.checkpoint(3_000, of: "run"))/\(file)")
              == sandbox.read("\(sandbox.checkpoint(3_000, of: "whole"))/\(file)"))
        }
        // The last save took away what the kills had left half-written.
        #expect(try sandbox.checkpoints(of: "run").count == 3)
      }
    }

    private func start(
      _ sandbox: Sandbox, meanwhile: @escaping (pid_t) -> Void
    ) throws -> Command.Outcome {
      let program = try Products.executable("gpt1-dist")
      // A folder of its own for each: what a killed mpirun leaves there is in nobody's way.
      return try withTemporaryFolder { scratch in
        var command = Command.mpirun(
          2, [program] + words("\(Self.line) --out run --checkpoint-every 1"), scratch: scratch,
          // Not a second's grace for the rank that is left: the test is over sooner.
          environment: ["OMPI_MCA_odls_base_sigkill_timeout": "0"], limit: 30)
        command.folder = sandbox.folder
        return try command.run { process, _ in meanwhile(process) }
      }
    }

    /// The newest checkpoint under its name; 0 for none.
    private func newestCheckpoint(_ sandbox: Sandbox) throws -> Int {
      guard sandbox.exists("run/checkpoints") else { return 0 }
      return try sandbox.names(in: "run/checkpoints").compactMap {
        Int($0.replacing(/^step-/, with: ""))
      }.max() ?? 0
    }

    private func waitForANewStep(_ sandbox: Sandbox, while mpirun: pid_t) {
      func size() -> Int {
        let attributes = try? FileManager.default.attributesOfItem(
          atPath: sandbox.path("run/metrics.jsonl"))
        return attributes?[.size] as? Int ?? 0
      }
      let before = size()
      while size() <= before, !Command.ends(mpirun, within: 0.001) { usleep(2_000) }
    }

    /// Kills it; false where it has not begun to live.
    private func hit(_ victim: Victim, _ mpirun: pid_t) -> Bool {
      let ranks = Command.children(of: mpirun)
      switch victim {
      case .mpirun: return kill(mpirun, SIGKILL) == 0
      case .saver: return ranks.first.map { kill($0, SIGKILL) == 0 } ?? false
      case .otherRank: return ranks.count == 2 && kill(ranks[1], SIGKILL) == 0
      }
    }
  }
}
