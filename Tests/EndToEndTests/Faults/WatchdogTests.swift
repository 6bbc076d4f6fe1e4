import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

extension EndToEnd {
  /// Runs in which nothing moves any more, or in which a rank's weights are not those of the others.
  @Suite(.serialized) struct WatchdogTests {
    private static let endless = "--steps 1000000 --checkpoint-every 10 --evaluate-every 0"
    private let host = ProcessInfo.processInfo.hostName

    /// The ranks that mpirun started, by their number.
    private func ranks(of mpirun: pid_t) -> [Int: pid_t] {
      let pairs = Command.children(of: mpirun).compactMap { process -> (Int, pid_t)? in
        let bytes = FileManager.default.contents(atPath: "/proc/\(process)/environ") ?? Data()
        let label = "OMPI_COMM_WORLD_RANK="
        let variable = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
          .first { $0.hasPrefix(label) }
        return variable.flatMap { Int($0.dropFirst(label.count)) }.map { ($0, process) }
      }
      return Dictionary(pairs) { $1 }
    }

    /// Stops one of three ranks for good; returns how the job ended, with nothing of it left.
    private func stop(_ rank: Int, _ line: String, _ sandbox: Sandbox) throws -> Command.Outcome {
      var all: [pid_t] = []
      let outcome = try sandbox.run(line, ranks: 3) { mpirun in
        // A test resumes the run, so that a checkpoint must be there.
        sandbox.waitForCheckpoint(of: "run", while: mpirun)
        let ranks = ranks(of: mpirun)
        // Until each watchdog has slept some times more: every rank has told of a step then, and rank 0's has heard it.
        let before = ranks.mapValues { Command.sleeps(of: "watchdog", in: $0) }
        for (rank, process) in ranks {
          while !Command.ends(process, within: 0.01),
            Command.sleeps(of: "watchdog", in: process) < (before[rank] ?? 0) + 12
          {}
        }
        all = Array(ranks.values)
        if let process = ranks[rank] { kill(process, SIGSTOP) }
      }
      #expect(all.count == 3)
      #expect(outcome.leftBehind == [], "\(outcome.errors)")
      #expect(!outcome.timedOut, "\(outcome.errors)")
      return outcome
    }

    @Test(arguments: [(0, "allreduce"), (1, "allreduce"), (2, "allreduce"), (2, "ordered")])
    func aStoppedRankIsNamedAndTheJobEnds(rank: Int, reduce: String) throws {
      try Sandbox.with { sandbox in
        let line =
          "\(Sandbox.pretrain) \(Self.endless) --batch 12 --reduce \(reduce) --stall-timeout 2 --out run"
        let outcome = try stop(rank, line, sandbox)
        #expect(outcome.status == 75, "\(outcome.errors)")
        let errors = outcome.errors
        #expect(outcome.sentences.count == 1, "\(errors)")
        #expect(errors.contains("gpt1-dist: nothing has moved for "), "\(errors)")
        #expect(
          errors.contains("Behind:\n  rank \(rank) of 3 on \(host): no sign of life for"),
          "\(errors)")
        #expect(errors.contains("last seen in step "), "\(errors)")
        #expect(errors.contains("Waiting for it:\n  rank"), "\(errors)")
        #expect(errors.contains("MPI_"), "\(errors)")

        // The same command goes on; two more steps are enough.
        let newest = try #require(try sandbox.checkpoints(of: "run").last)
        let again = try sandbox.succeed(
          line.replacing("1000000", with: "\(newest + 2)"), ranks: 3)
        #expect(again.errors.contains("resuming from"), "\(again.errors)")
      }
    }

    @Test func aRunThatWasSuspendedWholeGoesOn() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) --steps 120 --stall-timeout 2 --out run"
        let outcome = try sandbox.run("\(line) --fault stop:0:34", ranks: 2) { mpirun in
          guard Command.stopped(below: mpirun) != nil else { return }
          let processes = ranks(of: mpirun).values
          for process in processes { kill(process, SIGSTOP) }
          // Two timeouts: the time itself is what is tried.
          sleep(4)
          for process in processes { kill(process, SIGCONT) }
        }
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try sandbox.losses(of: "run").count == 120)
      }
    }

    /// An evaluation of several timeouts: something moves all the time.
    @Test func aSlowEvaluationIsNoStall() throws {
      try Sandbox.with { sandbox in
        try sandbox.write(Corpus.text(sentences: 6_000, seed: 2), to: "long.txt")
        try sandbox.succeed(
          "prepare --input long.txt --train-bpe 200 --out long --validation-fraction 0.5")
        let line =
          "pretrain --preset debug --data long --threads 1 --context 64 --width 256 --heads 4"
          + " --layers 6 --batch 2 --micro-batch 1 --steps 1 --evaluate-sequences 800"
          + " --stall-timeout 2 --out run"
        let outcome = try sandbox.run(line, ranks: 2)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.sentences == [])
      }
    }

    @Test func withoutATimeoutNobodyWatches() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) \(Self.endless) --stall-timeout 0 --out run"
        let outcome = try sandbox.run(line, ranks: 2) { mpirun in
          sandbox.waitForStep(13, of: "run", while: mpirun)
          guard let process = ranks(of: mpirun)[1] else { return }
          kill(process, SIGSTOP)
          sleep(3)
          #expect(!Command.ends(mpirun, within: 0.1))
          kill(process, SIGKILL)
        }
        #expect(outcome.status == 128 + SIGKILL, "\(outcome.errors)")
        #expect(!outcome.errors.contains("nothing has moved"))
      }
    }

    /// Steps after the last whole comparison, and one right before it.
    @Test(arguments: [(3, 23), (3, 30), (2, 24)])
    func aFlippedBitIsFoundNamedAndNotSaved(ranks: Int, step: Int) throws {
      try Sandbox.with { sandbox in
        let line =
          "\(Sandbox.pretrain) --batch 12 --steps 200 --checkpoint-every 10 --out run"
        let outcome = try sandbox.run("\(line) --fault flip:1:\(step)", ranks: ranks)
        #expect(outcome.status == 1, "\(outcome.errors)")
        let sentence = try #require(outcome.sentences.first)
        #expect(outcome.sentences.count == 1, "\(outcome.errors)")
        let found = try #require(
          sentence.firstMatch(of: #/step (\d+): /#).flatMap { Int($0.1) }, "\(sentence)")
        #expect((step...step + 16).contains(found), "\(sentence)")
        // The middle of the flat vector lies in a block.
        #expect(sentence.contains(#/ in h\.\d\.[a-z0-9_.]+, since/#), "\(sentence)")
        #expect(sentence.contains("rank 1 on \(host)"), "\(sentence)")
        #expect(sentence.contains("it cannot be decided which of them is right") == (ranks == 2))
        #expect(sentence.contains("rank 0") == (ranks == 2), "\(sentence)")
        let newest = try #require(try sandbox.checkpoints(of: "run").last)
        #expect(newest == (step - 1) / 10 * 10)

        try sandbox.succeed("\(line.replacing("200", with: "40"))", ranks: ranks)
        #expect(try sandbox.losses(of: "run").count == 40)
      }
    }

    @Test func theLogHasTheRanksTimes() throws {
      struct Line: Decodable {
        let secondsComputeMin, secondsComputeMedian, secondsComputeMax: Double?
        let slowestRank: Int?
        let loss: Double?
      }
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run", ranks: 3)
        let lines = try sandbox.jsonLines(Line.self, in: "run/metrics.jsonl").filter {
          $0.loss != nil
        }
        #expect(lines.count == 20)
        for line in lines {
          let (least, middle) = (
            try #require(line.secondsComputeMin), try #require(line.secondsComputeMedian)
          )
          #expect(0 < least && least <= middle)
          #expect(middle <= (try #require(line.secondsComputeMax)))
          #expect((0..<3).contains(try #require(line.slowestRank)))
        }
      }
    }
  }
}
