import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Exit statuses of `cluster/launch.sh`, and the messages of Open MPI that it passes on.
  @Suite(.serialized) struct LaunchScriptTests {
    private func launch(_ arguments: [String], in folder: String) throws -> Command.Outcome {
      var command = Command.mpirun(2, arguments, scratch: folder)
      command.arguments[0] = "\(Repository.path)/cluster/launch.sh"
      return try command.run()
    }

    @Test func openMPIIsSilentAfterACleanStopAndNeverElse() throws {
      try withTemporaryFolder { folder in
        let stopped = try launch(["sh", "-c", "echo stopped >&2; exit 75"], in: folder)
        #expect(stopped.status == 75)
        #expect(stopped.errors == "stopped\nstopped\n")
        let failed = try launch(["sh", "-c", "exit 3"], in: folder)
        #expect(failed.status == 3)
        #expect(failed.errors.hasSuffix("launch.sh: mpirun ended with status 3\n"))
        let missing = try launch(["./nowhere"], in: folder)
        #expect(missing.status != 0 && missing.errors.contains("nowhere"), "\(missing.errors)")
        let killed = try launch(["sh", "-c", "kill -9 $$"], in: folder)
        #expect(killed.status == 137 && killed.errors.contains("status 137"), "\(killed.errors)")
        let dashes = String(repeating: "-", count: 74)
        let table = try launch(["sh", "-c", "echo \(dashes) >&2; echo a >&2; exit 0"], in: folder)
        #expect(table.status == 0)
        #expect(
          table.errors.split(separator: "\n").sorted()
            == [dashes, dashes, "a", "a"].map { $0[...] })
      }
    }

    /// In place of srun, a program that says what srun says of a rank that asked to be started again, and ends with another rank's status.
    @Test(arguments: [
      (said: true, status: 1, ends: 75), (true, 137, 75), (true, 141, 75), (false, 1, 1),
      (false, 0, 0), (true, 0, 0),
    ])
    func oneRankThatAsksToBeStartedAgainSpeaksForAll(said: Bool, status: Int, ends: Int32) throws {
      try withTemporaryFolder { folder in
        let line = "srun: error: node2: task 1: Exited with exit code 75"
        let srun = """
          #!/bin/bash
          \(said ? "echo '\(line)' >&2; sleep 1" : ":")
          exit \(status)

          """
        try put(srun.utf8, at: "\(folder)/srun")
        let script = """
          chmod +x "$1/srun"; PATH=$1:$PATH; cd '\(Repository.path)'
          SLURM_SUBMIT_DIR=$PWD source cluster/slurm/common.sh
          set +e; run_steps program; exit $?
          """
        let outcome = try Command(["bash", "-c", script, "bash", folder], limit: 60).run()
        #expect(outcome.status == ends, "\(outcome.errors)")
        #expect(outcome.errors.contains(line) == said)
      }
    }

    /// A node whose rank and daemon are killed, and one whose link is cut.
    @Test(
      .enabled(
        if: VirtualNodes.plain.obstacle == nil, "\(VirtualNodes.plain.obstacle ?? "available")"))
    func aLostNodeEndsTheJobWithTheStatusThatStartsItAgain() throws {
      try Sandbox.with { sandbox in
        let script = """
          begin() {
            LAUNCH_PATIENCE=1 cluster/launch.sh -n 2 --hostfile "$TESTBED_HOSTFILE" "$GPT1_DIST" pretrain --preset debug \\
              --data "$SANDBOX/data" --threads 1 --steps 1000000 --evaluate-every 0 --stall-timeout 2 --out "$SANDBOX/$1" &
            job=$!
            until grep -q '"step":15,' "$SANDBOX/$1/metrics.jsonl" 2>/dev/null; do kill -0 $job; sleep 0.05; done
          }
          end() { local status=0; wait $job || status=$?; echo "$1: $status"; echo "end of $1" >&2; }
          begin killed
          daemon=$(pgrep -x orted)
          kill -9 $(pgrep -P $daemon) $daemon
          end killed
          begin cut
          ip netns exec node2 ip link set eth0 down
          end cut
          """
        let outcome = try VirtualNodes.plain.run([script], in: sandbox)
        #expect(!outcome.timedOut)
        #expect(outcome.output == "killed: 75\ncut: 75\n", "\(outcome.errors)")
        let parts = outcome.errors.components(separatedBy: "end of killed\n")
        #expect(parts.count == 2)
        for part in parts { #expect(part.contains("launch.sh: a node was lost"), "\(part)") }
        #expect(parts.last?.contains("Behind:\n  rank 1 of 2 on node2: no sign of life") == true)
        #expect(parts.last?.contains("non-zero exit code") == false, "\(outcome.errors)")
      }
    }
  }
}
