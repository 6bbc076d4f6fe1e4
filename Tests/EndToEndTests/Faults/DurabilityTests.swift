import Files
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Disks that fill up, folders that vanish or may not be entered: the run says so, keeps its last good checkpoint, and goes on or stops.
  @Suite(.serialized) struct DurabilityTests {
    /// Long enough that a shell can do something in its middle, and put it right before too many checkpoints have failed.
    private static let line =
      "\(Sandbox.pretrain) --steps 300 --batch 16 --checkpoint-every 30 --evaluate-every 0"

    /// In shell: `run` in the background with its standard error in `log`. What has to happen at a step happens while the run has
    /// stopped before it (`--fault stop:0:STEP`).
    private static let prelude = """
      program=$0
      start() { "$program" \(line) "$@" >/dev/null 2>log & process=$!; }
      state() { sed -n 's/^State:.\\(.\\).*/\\1/p' /proc/$process/status 2>/dev/null; }
      lives() { case "$(state)" in Z | "") return 1 ;; esac; }
      wait_for_stop() { until [ "$(state)" = T ]; do lives || exit 8; sleep 0.01; done; }
      go_on() { kill -CONT $process; }
      end() { wait $process; echo "status: $?"; cat log >&2; }

      """

    private func expectWhole(_ sandbox: Sandbox, _ run: String) throws {
      #expect(try sandbox.losses(of: run).count == 300)
      let newest = try #require(try sandbox.checkpoints(of: run).last)
      #expect(newest == 300)
      try sandbox.succeed("verify \(run)")
    }

    @Test(.enabled(if: CheckpointTests.canMount, "only root can mount a small disk"))
    func aFullDiskIsSurvived() throws {
      try Sandbox.with { sandbox in
        // A checkpoint has about 1.4 MB; the rest of the disk is full before the run begins, the log has no room either.
        let script =
          Self.prelude + """
            mkdir disk && mount -t tmpfs -o size=6m none disk || exit 9
            start --out disk/run --fault stop:0:66,stop:0:125
            wait_for_stop
            head -c 6m /dev/zero >disk/filler 2>/dev/null
            go_on
            wait_for_stop
            grep -q 'could not be written' log && grep -q 'metrics.jsonl: cannot write: the disk is full' log || exit 7
            "$program" verify disk/run >&2; echo "verified: $?"
            rm disk/filler
            go_on
            end
            cp -r disk/run run
            """
        let outcome = try sandbox.shell(script, under: ["unshare", "--mount"])
        #expect(outcome.output == "verified: 0\nstatus: 0\n", "\(outcome.errors)")
        for part in [
          "The run continues and tries again at its next checkpoint; disk/run/checkpoints/step-",
          "The run continues and will write these lines as soon as it can",
        ] {
          #expect(outcome.errors.contains(part), "\(outcome.errors)")
        }
        try expectWhole(sandbox, "run")
      }
    }

    @Test(.enabled(if: CheckpointTests.canMount, "only root can mount a small disk"))
    func aFullDiskStopsARunThatIsToldTo() throws {
      try Sandbox.with { sandbox in
        let script =
          Self.prelude + """
            mkdir disk && mount -t tmpfs -o size=4m none disk || exit 9
            start --out disk/run --keep 9 --on-checkpoint-failure stop
            end
            ls -A disk/run/checkpoints
            "$program" verify disk/run >&2; echo "verified: $?"
            """
        let outcome = try sandbox.shell(script, under: ["unshare", "--mount"])
        #expect(
          outcome.output == "status: 1\nstep-00000030\nstep-00000060\nverified: 0\n",
          "\(outcome.errors)")
        #expect(outcome.sentences.count == 1)
        for part in [
          "the checkpoint of step 90 could not be written: ", "a checkpoint needs ",
          "disk/run/checkpoints/step-00000060 is the newest good checkpoint",
        ] {
          #expect(outcome.sentences.first?.contains(part) == true, "\(outcome.errors)")
        }
      }
    }

    @Test func aRunDirectoryThatVanishesIsMadeAnew() throws {
      try Sandbox.with { sandbox in
        let script =
          Self.prelude + """
            start --out run --fault stop:0:66
            wait_for_stop
            rm -rf run
            go_on
            end
            """
        let outcome = try sandbox.shell(script)
        #expect(outcome.output == "status: 0\n", "\(outcome.errors)")
        #expect(
          outcome.errors.components(separatedBy: "run was removed during the run").count == 2
        )
        try expectWhole(sandbox, "run")
        #expect(
          try sandbox.names(in: "run") == [".lock", "checkpoints", "config.yaml", "metrics.jsonl"])
        #expect(try sandbox.succeed("\(Self.line) --out run").errors.contains("is finished"))
      }
    }

    /// A user who may not do everything, and to whom the program and its folder are open.
    private static let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    static var canBeNobody: Bool {
      guard let program = try? Products.executable("gpt1-dist") else { return false }
      return (try? Command(nobody + [program, "--help"]).run().status) == 0
    }

    @Test(
      .enabled(if: canBeNobody, "needs root, and a build that others may read"),
      arguments: ["continue", "stop"])
    func foldersWithoutPermissionAreSurvivedOrEndTheRun(policy: String) throws {
      try Sandbox.with { sandbox in
        try FileManager.default.setAttributes(
          [.posixPermissions: 0o777], ofItemAtPath: sandbox.folder)
        let script =
          Self.prelude + """
            start --out run --on-checkpoint-failure \(policy) --fault stop:0:66,stop:0:125
            wait_for_stop
            chmod 000 run/checkpoints
            go_on
            [ \(policy) = stop ] || wait_for_stop
            [ \(policy) = stop ] && end
            chmod 755 run/checkpoints
            [ \(policy) = stop ] || { go_on; end; }
            "$program" verify run >&2; echo "verified: $?"
            """
        let outcome = try sandbox.shell(script, under: Self.nobody)
        #expect(
          outcome.output == "status: \(policy == "stop" ? 1 : 0)\nverified: 0\n",
          "\(outcome.errors)")
        #expect(outcome.errors.contains("run/checkpoints"))
        #expect(outcome.errors.contains("permission denied"))
        if policy == "continue" { try expectWhole(sandbox, "run") }
      }
    }

    /// A write succeeds even if the old checkpoint or dataset cannot be removed.
    @Test(.enabled(if: canBeNobody, "needs root, and a build that others may read"))
    func whatCannotBeRemovedIsAWarning() throws {
      try Sandbox.with { sandbox in
        try FileManager.default.setAttributes(
          [.posixPermissions: 0o777], ofItemAtPath: sandbox.folder)
        let script = """
          start() { "$0" \(Sandbox.pretrain) --checkpoint-every 2 --keep 1 --out run --steps $1 >/dev/null; echo "status $?"; }
          start 4; chmod a-w run/checkpoints/step-00000004; start 8; ls -A run/checkpoints
          for merges in 50 20; do
            "$0" prepare --input corpus.txt --train-bpe $merges --out d >/dev/null; echo "status $?"; chmod a-w d
          done
          wc -l <d/merges.txt
          """
        let outcome = try sandbox.shell(script, under: Self.nobody)
        #expect(
          outcome.output
            == "status 0\nstatus 0\nstep-00000004\nstep-00000008\nstatus 0\nstatus 0\n21\n",
          "\(outcome.errors)")
        #expect(
          outcome.errors.components(
            separatedBy: "warning: run/checkpoints/step-00000004: cannot remove it: "
          )
          .count == 2, "\(outcome.errors)")
        #expect(outcome.errors.contains("warning: ./.d.partial-"), "\(outcome.errors)")
      }
    }

    @Test(.enabled(if: CheckpointTests.canMount, "only root can mount a read-only disk"))
    func aDiskThatTurnsReadOnlyStopsTheRunAfterSomeFailures() throws {
      try Sandbox.with { sandbox in
        let script =
          Self.prelude + """
            start --out run --fault stop:0:70,stop:0:80,stop:0:90
            wait_for_stop
            # Once that of step 60 is written.
            for _ in 1 2; do [ -e run/checkpoints/step-00000060 ] || { go_on; wait_for_stop; }; done
            mount -t tmpfs -o ro none run/checkpoints
            while lives; do [ "$(state)" != T ] || go_on; sleep 0.01; done
            end
            umount run/checkpoints
            "$program" verify run >&2; echo "verified: $?"
            ls run/checkpoints
            """
        let outcome = try sandbox.shell(script, under: ["unshare", "--mount"])
        #expect(
          outcome.output == "status: 1\nverified: 0\nstep-00000030\nstep-00000060\n",
          "\(outcome.errors)")
        #expect(outcome.errors.components(separatedBy: "mounted read-only").count == 6)
        #expect(outcome.sentences.first?.contains("(5 failures in a row)") == true)
      }
    }

    @Test func someCheckpointsAreKeptForEver() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed(
          "\(Sandbox.pretrain) --out run --checkpoint-every 2 --keep 2 --keep-every 6 --steps 15")
        #expect(try sandbox.checkpoints(of: "run") == [6, 12, 14, 15])
        try sandbox.expectRefusal(
          "\(Sandbox.pretrain) --out other --checkpoint-every 2 --keep-every 5", status: 2,
          "keep-every is 5; it must be a multiple of checkpoint-every, which is 2")
      }
    }

    @Test func theLogTellsWhatCheckpointsCost() throws {
      struct Line: Decodable {
        let step: Int
        let checkpoint: String
        let secondsPaused, secondsWritten: Double
      }
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run --checkpoint-every 5", ranks: 2)
        let lines = try sandbox.text("run/metrics.jsonl").split(separator: "\n")
          .filter { $0.contains("secondsWritten") }
          .map { try json(Line.self, from: String($0)) }
        #expect(lines.map(\.step) == [5, 10, 15, 20])
        #expect(
          lines.map(\.checkpoint)
            == lines.map { sandbox.checkpoint($0.step, of: "run").replacing("run/", with: "") })
        #expect(lines.allSatisfy { $0.secondsPaused > 0 && $0.secondsWritten > 0 })
      }
    }

    @Test func verifyTakesARunAndFindsItsBadCheckpoint() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run --checkpoint-every 5")
        let all = try sandbox.succeed("verify run run/checkpoints")
        #expect(all.output.components(separatedBy: ": good, ").count == 7)
        let bad = "\(sandbox.checkpoint(15, of: "run"))/vocab.json"
        try sandbox.write("{}", to: bad)
        let outcome = try sandbox.run("verify run")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("\(bad): is truncated"))
        #expect(outcome.output.components(separatedBy: ": good, ").count == 3)
        try FileManager.default.createDirectory(
          atPath: sandbox.path("empty/checkpoints"), withIntermediateDirectories: true)
        let none = try sandbox.run("verify empty")
        #expect(none.status == 1 && none.output.contains("empty: holds nothing to verify"))
      }
    }

    @Test func aCheckpointOfAnEarlierVersionIsReadable() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        let losses = try sandbox.losses(of: "run")
        try sandbox.remove(sandbox.checkpoint(20, of: "run"))
        // As the program wrote it before there were anomalies, and with its seed in full.
        let folder = sandbox.checkpoint(10, of: "run")
        var state = try #require(
          JSONSerialization.jsonObject(with: sandbox.read("\(folder)/trainer.json"))
            as? [String: Any])
        var config = try #require(state["config"] as? [String: Any])
        for key in ["anomaly", "spike-threshold", "keep-every", "on-checkpoint-failure"] {
          #expect(config.removeValue(forKey: key) != nil)
        }
        state["config"] = config
        #expect(state.removeValue(forKey: "anomalies") != nil)
        state["version"] = 1
        try sandbox.write(
          JSONSerialization.data(withJSONObject: state), to: "\(folder)/trainer.json")
        try SumsFile.write(in: sandbox.path(folder))
        let again = try sandbox.succeed("\(Sandbox.pretrain) --out run")
        #expect(again.errors.contains("resuming from \(folder)"))
        #expect(try sandbox.losses(of: "run") == losses)

        state["version"] = 3
        try sandbox.write(
          JSONSerialization.data(withJSONObject: state), to: "\(folder)/trainer.json")
        try SumsFile.write(in: sandbox.path(folder))
        try sandbox.remove(sandbox.checkpoint(20, of: "run"))
        try sandbox.expectRefusal(
          "\(Sandbox.pretrain) --out run", "trainer.json: has version 3", "versions 1 and 2")
      }
    }
  }
}
