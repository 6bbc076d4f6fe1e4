import Foundation
import TestSupport
import Testing

/// The batch scripts under a real Slurm, on two virtual nodes of one rank each. They mostly wait, so they run beside the other suites.
@Suite(
  .serialized,
  .enabled(
    if: VirtualNodes.slurm.obstacle == nil, "\(VirtualNodes.slurm.obstacle ?? "available")"))
struct SlurmTests {
  /// Submits SCRIPT with OPTIONS as a job that trains `STEPS` in SANDBOX/run.
  private static func submit(
    _ script: String, _ options: String, steps: Int, more: String = ""
  ) -> String {
    """
    job=$(sbatch --parsable --nodes=2 --ntasks-per-node=1 --cpus-per-task=1 \(options) \
      --output="$SANDBOX/job.log" cluster/slurm/\(script) --preset debug --threads 1 \
      --data "$SANDBOX/data" --out "$SANDBOX/run" --steps \(steps) \(more))

    """
  }

  private static let awaitTheEnd = """
    while [[ $(squeue -h -j "$job" -o %T) ]]; do sleep 0.2; done
    scontrol show job "$job"; cat "$SANDBOX/job.log" >&2

    """

  /// Expects that a job was interrupted, and trained as two ranks that nobody disturbed.
  private func expectWhole(
    _ outcome: Command.Outcome, _ sandbox: Sandbox, steps: Int,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let log = try #require(try? sandbox.text("job.log"), "\(outcome.errors)")
    #expect(!outcome.timedOut, "\(log)", sourceLocation: location)
    #expect(outcome.output.contains("JobState=COMPLETED"), "\(outcome.output)\(log)")
    #expect(!outcome.output.contains("Restarts=0"), "\(outcome.output)\(log)")
    #expect(log.contains("2 ranks on 2 nodes"), "\(log)")
    // By the signal: the program's own look at the time comes later.
    #expect(log.contains("stopped on request after step"), "\(log)")
    #expect(log.contains("resuming from \(sandbox.path("run"))/checkpoints/step-"), "\(log)")
    try sandbox.succeed("\(Sandbox.pretrain) --out whole --steps \(steps)", ranks: 2)
    let losses = try sandbox.losses(of: "whole")
    #expect(losses.count == steps)
    #expect(try sandbox.losses(of: "run") == losses, sourceLocation: location)
    #expect(try sandbox.validationLosses(of: "run") == sandbox.validationLosses(of: "whole"))
    let model = "\(sandbox.checkpoint(steps, of: "run"))/model.safetensors"
    let whole = "\(sandbox.checkpoint(steps, of: "whole"))/model.safetensors"
    #expect(try sandbox.read(model) == sandbox.read(whole), sourceLocation: location)
  }

  /// Slurm looks every 30 s whose time limit is near: this job of one minute is warned 5 to 35 s after it began. Its link, not its
  /// arithmetic, decides how long a step takes, so that it is not finished by then on any machine.
  @Test func aJobAtItsTimeLimitIsWarnedQueuesAgainAndFinishes() throws {
    try Sandbox.with { sandbox in
      let script =
        Self.submit("pretrain.sbatch", "--time=1 --signal=B:USR1@25", steps: 100)
        + Self.awaitTheEnd
      let outcome = try VirtualNodes.slurm.run(
        [script], options: ["--rate", "8mbit"], in: sandbox, limit: 400)
      try expectWhole(outcome, sandbox, steps: 100)
    }
  }

  /// srun and Open MPI meet in PMIx, so the two tasks are one job of two ranks; SIGTERM reaches them as tasks of the step.
  @Test(arguments: ["pretrain-srun.sbatch", "pretrain.sbatch"])
  func aPreemptedJobComesBack(batch: String) throws {
    try Sandbox.with { sandbox in
      let script =
        Self.submit(batch, "--time=5 --partition=scavenge", steps: 60) + """
          until grep -q '"step":5,' "$SANDBOX/run/metrics.jsonl" 2>/dev/null; do sleep 0.1; done
          sbatch --wait --nodes=2 --exclusive --output=/dev/null --wrap='sleep 1' >/dev/null

          """ + Self.awaitTheEnd
      // A step of 0.1 s or more: it is not finished before it is preempted.
      let outcome = try VirtualNodes.slurm.run(
        [script], options: ["--rate", "40mbit"], in: sandbox, limit: 400)
      try expectWhole(outcome, sandbox, steps: 60)
    }
  }

  /// A stopped rank answers nothing, and srun has to kill it after a minute.
  @Test(arguments: ["pretrain-srun.sbatch", "pretrain.sbatch"])
  func aStuckJobQueuesAgain(batch: String) throws {
    try Sandbox.with { sandbox in
      let script =
        Self.submit(batch, "--time=5", steps: 1_000_000, more: "--stall-timeout 4") + """
          until grep -q '"step":5,' "$SANDBOX/run/metrics.jsonl" 2>/dev/null; do sleep 0.1; done
          # Until every watchdog has slept some times more: each rank has said what it does then.
          slept() { awk '/^voluntary/ { print $2 }' "$(grep -lx watchdog /proc/$1/task/*/comm | sed 's/comm$/status/')"; }
          for rank in $(pgrep -x gpt1-dist); do
            before=$(slept "$rank"); until (($(slept "$rank") >= before + 12)); do sleep 0.1; done
          done
          kill -STOP "$(pgrep -x gpt1-dist | tail -1)"
          until scontrol show job "$job" | grep -Eq 'Restarts=1|=(FAILED|CANCELLED|COMPLETED) '; do sleep 0.5; done
          scontrol show job "$job"; cat "$SANDBOX/job.log" >&2; scancel "$job"
          """
      let outcome = try VirtualNodes.slurm.run([script], in: sandbox, limit: 400)
      #expect(!outcome.timedOut, "\(outcome.errors)")
      #expect(outcome.output.contains("Restarts=1"), "\(outcome.output)\(outcome.errors)")
      let report = #/Behind:\n  rank (\d) of 2 on node(\d): no sign of life/#
      let found = try #require(outcome.errors.firstMatch(of: report), "\(outcome.errors)")
      #expect(Int(found.2) == Int(found.1).map { $0 + 1 })
    }
  }

  /// In place of a program that has `finetune`, one that prints what it was called with, and wants to be started again once.
  @Test func anArrayRunsEveryTaskWithEverySeedAndRequeuesOnlyItself() throws {
    try Sandbox.with { sandbox in
      let program = """
        #!/bin/bash
        echo "$SLURM_RESTART_COUNT $*" >>"$SANDBOX/calls"
        [[ $* == *cola-2* && ! $SLURM_RESTART_COUNT ]] && exit 75 || exit 0
        """
      try sandbox.write(program, to: "program")
      let script = """
        chmod +x "$SANDBOX/program"; export GPT1_DIST="$SANDBOX/program"
        job=$(sbatch --parsable --array=0-3 --nodes=1 --ntasks-per-node=1 --cpus-per-task=1 \
          --output=/dev/null cluster/slurm/finetune.sbatch "rte cola" "1 2" M D O --epochs 1)
        """ + "\n" + Self.awaitTheEnd.split(separator: "\n")[0]
      let outcome = try VirtualNodes.slurm.run([script], in: sandbox, limit: 400)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let calls = try sandbox.text("calls").split(separator: "\n").map(String.init).sorted()
      let expected = ["rte", "cola"].flatMap { task in
        [1, 2].map { seed in
          " finetune --task \(task) --seed \(seed) --from M --data D/\(task) "
            + "--out O/\(task)-\(seed) --epochs 1"
        }
      }
      #expect(calls == (expected + ["1" + expected[3]]).sorted())
    }
  }
}
