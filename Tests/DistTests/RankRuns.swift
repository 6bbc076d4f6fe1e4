import Dist
import Foundation
import Testing
import TestSupport

/// Starts `RankScenarios` under mpirun, and looks at what is printed, returned and left behind.
@Suite(.serialized) struct RankRuns {
  /// Runs a scenario; nothing of it may be alive afterwards.
  private func run(
    _ scenario: String, ranks: Int, options: [String] = ["-q"], limit: Double = 240,
    meanwhile: ((pid_t, [pid_t]) -> Void)? = nil
  ) throws -> Command.Outcome {
    try withTemporaryFolder { scratch in
      let command = Command.mpirun(
        ranks, [try Products.executable("RankScenarios")] + words(scenario), options: options,
        scratch: scratch, limit: limit)
      let outcome = try command.run { process, output in
        guard let meanwhile else { return }
        let start = ContinuousClock.now
        while pids(output()).count < ranks, ContinuousClock.now - start < .seconds(limit) {
          usleep(20_000)
        }
        meanwhile(process, pids(output()))
      }
      #expect(!outcome.timedOut, "\(scenario) on \(ranks) ranks: \(outcome.errors)")
      #expect(pids(outcome.output).count == ranks)
      #expect(outcome.leftBehind == [], "\(scenario) on \(ranks) ranks: \(outcome.errors)")
      return outcome
    }
  }

  private func pids(_ output: String) -> [pid_t] {
    output.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("pid ") }
      .compactMap { pid_t($0.dropFirst(4).trimmingCharacters(in: .whitespaces)) }
  }

  private func occurrences(of text: String, in whole: String) -> Int {
    whole.components(separatedBy: text).count - 1
  }

  /// One start for all of them: starting ranks takes longer than the checks.
  private static let checks =
    "collectives reducer overlap order slices threads links togetherFine"

  /// Each rank has gone through every scenario.
  private func expectAllDone(_ outcome: Command.Outcome, ranks: Int) {
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors == "")
    #expect(!outcome.timedOut)
    for scenario in words(Self.checks) {
      let done = outcome.output.split(whereSeparator: \.isNewline).filter {
        $0 == "done \(scenario)"
      }
      #expect(done.count == ranks, "\(scenario): \(outcome.errors)")
    }
  }

  @Test(arguments: 1...4) func checksHoldOnEveryRank(ranks: Int) throws {
    expectAllDone(try run(Self.checks, ranks: ranks), ranks: ranks)
  }

  @Test func aSingleProcessNeedsNoMpirun() throws {
    let outcome = try Command([Products.executable("RankScenarios")] + words(Self.checks)).run()
    expectAllDone(outcome, ranks: 1)
  }

  /// It does not finalize, and the others wait for it.
  @Test func aRankThatIsRefusedMemoryEndsTheJob() throws {
    let outcome = try run("memoryRefused", ranks: 2)
    #expect(outcome.status == 1 && !outcome.timedOut)
    #expect(
      outcome.errors.contains("the system refused \(1 << 52) bytes of memory"), "\(outcome.errors)")
  }

  @Test func aSingleProcessPrintsItsFailureOnceAndReturnsItsStatus() throws {
    let outcome = try Command([Products.executable("RankScenarios"), "oneThrows"]).run()
    #expect(outcome.status == 3)
    #expect(outcome.errors == "gpt1-dist: no more of this\n")
  }

  @Test(arguments: 2...4) func aRankThatThrowsEndsTheJobAndIsNamedOnce(ranks: Int) throws {
    let outcome = try run("oneThrows", ranks: ranks, options: [])
    let host = ProcessInfo.processInfo.hostName
    #expect(outcome.status == 3)
    #expect(occurrences(of: "no more of this", in: outcome.errors) == 1)
    #expect(
      outcome.errors.contains(
        "gpt1-dist: rank \(ranks - 1) of \(ranks) on \(host): no more of this\n"))
  }

  /// A second host name makes a second node for Open MPI; only root may give one.
  @Test(.enabled(if: geteuid() == 0)) func ranksKnowTheirNodes() throws {
    try withTemporaryFolder { folder in
      let agent = "\(folder)/rsh"
      let script = """
        #!/bin/bash
        host=$1; shift
        exec unshare --uts bash -c "hostname $host; $*"
        """
      try put(script.utf8, at: agent)
      chmod(agent, 0o755)
      let options =
        ["-q", "--host", "first:2,second:1", "--mca", "plm_rsh_agent", agent]
        + ["--mca", "btl_tcp_if_include", "lo", "--mca", "oob_tcp_if_include", "lo"]
      let outcome = try run("twoNodes", ranks: 3, options: options)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  @Test func anErrorOfMPIIsThrownWithItsOperation() throws {
    let outcome = try run("mpiError", ranks: 2)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("rank 1 of 2"))
    #expect(outcome.errors.contains("MPI_Bcast: MPI_ERR_ROOT: invalid root"))
  }

  @Test(
    arguments: [
      ("togetherOne", 3, "rank 2: disk full", 4), ("togetherOne", 1, "disk full", 4),
      ("togetherAll", 3, "no such folder", 5), ("togetherAll", 1, "no such folder", 5),
      ("togetherMixed", 4, "ranks 0-2: the others\nrank 3: the last", 6),
      ("rootFails", 3, "read-only disk", 8),
      (
        "disagree", 4,
        "the ranks disagree about the configuration: ranks 0-2: seed 1; rank 3: seed 2", 1
      ),
    ] as [(String, Int, String, Int32)])
  func anAgreedFailureIsPrintedOnceByRankZero(
    scenario: String, ranks: Int, message: String, status: Int32
  ) throws {
    let outcome = try run(scenario, ranks: ranks)
    #expect(outcome.status == status)
    #expect(outcome.errors == "gpt1-dist: \(message)\n")
  }

  @Test(arguments: ["unannounced", "unannouncedBucket", "announcedTwice"])
  func aGradientThatWasNotAnnouncedWholeIsRefused(scenario: String) throws {
    let outcome = try Command([Products.executable("RankScenarios"), scenario]).run()
    #expect(outcome.status > 128)
  }

  @Test func mpirunReturnsTheRanksStatus() throws {
    #expect(try run("status75", ranks: 3).status == 75)
  }

  @Test func aKilledRankEndsTheOthers() throws {
    let outcome = try run("forever", ranks: 3) { _, pids in
      if let last = pids.last { kill(last, SIGKILL) }
    }
    #expect(outcome.status == 128 + SIGKILL)
  }

  @Test func aSignalToMpirunLetsTheRanksFinishTheirStep() throws {
    let outcome = try run("stopOnSignal", ranks: 2) { process, _ in
      kill(process, SIGUSR1)
    }
    #expect(outcome.status == 75)
    #expect(outcome.seconds > 3)
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGUSR1])
  func aSignalToASingleProcessIsSeenBetweenSteps(signal: Int32) throws {
    let command = Command([try Products.executable("RankScenarios"), "stopOnSignal"])
    let outcome = try command.run { process, output in
      while pids(output()).isEmpty, !Command.ends(process, within: 0.02) {}
      kill(process, signal)
    }
    #expect(outcome.status == 75)
    #expect(outcome.seconds > 3)
  }

  @Test func aSecondControlCEndsASingleProcessAtOnce() throws {
    let command = Command([try Products.executable("RankScenarios"), "stopOnSignal"])
    let outcome = try command.run { process, output in
      while pids(output()).isEmpty, !Command.ends(process, within: 0.02) {}
      kill(process, SIGINT)
      // Once the first has been taken.
      while Command.isAsked(process), !Command.ends(process, within: 0.01) {}
      kill(process, SIGINT)
    }
    #expect(outcome.status == 128 + SIGINT)
  }

  @Test func aTimeLimitKillsMpirunAndItsRanks() throws {
    try withTemporaryFolder { scratch in
      let command = Command.mpirun(
        2, [try Products.executable("RankScenarios"), "forever"], scratch: scratch, limit: 1)
      let outcome = try command.run { process, output in
        while pids(output()).count < 2, !Command.ends(process, within: 0.02) {}
      }
      #expect(outcome.timedOut)
      let left = pids(outcome.output).filter { !Command.ends($0, within: 0) }
      #expect(pids(outcome.output).count == 2)
      #expect(left == [])
    }
  }
}
