import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// The same command, or another, over a run directory that has a run.
  @Suite(.serialized) struct ResumeTests {
    @Test func whatDecidesOnARunIsComparedAndNotHowItIsSpelt() throws {
      try Sandbox.withTasks { sandbox in
        func line(_ out: String, _ task: String = "mood.yaml") -> String {
          "finetune --preset debug --threads 1 --batch 16 --micro-batch 4 --epochs 1 --from pretrained "
            + "--task \(task) --data tasks --out \(out)"
        }
        try sandbox.succeed(line("run"))
        let before = try sandbox.snapshot(of: "run")
        for (flags, parts) in [
          ("--lm-coefficient 0", "lm-coefficient 0.5, not 0"),
          ("--dropout 0.9", "dropout 0.1, not 0.9"),
          (
            "--learning-rate 1e-9",
            "already has the 14 steps requested, but was trained with learning-rate"
          ),
          ("--from-scratch", "not with random ones"),
          ("--transfer-layers 1", "transfer-layers 2, not 1"),
        ] {
          try sandbox.expectRefusal("\(line("run")) \(flags) --json", parts)
        }
        try sandbox.copy("mood.yaml", to: "swapped.yaml")
        try sandbox.write(
          sandbox.text("mood.yaml").replacing("[accuracy, f1]", with: "[f1, accuracy]"),
          to: "swapped.yaml")
        try sandbox.expectRefusal(line("run", "swapped.yaml"), "was trained with the task mood (")
        #expect(try sandbox.snapshot(of: "run") == before)

        // Another spelling, a copy, and without the model that it began with.
        try FileManager.default.moveItem(
          atPath: sandbox.path("pretrained"), toPath: sandbox.path("gone"))
        try sandbox.copy("run", to: "copy")
        for task in ["./mood.yaml", sandbox.path("mood.yaml")] {
          let again = try sandbox.succeed(line("copy", task))
          #expect(again.errors.contains("copy is finished: 14 of 14 steps"))
          #expect(again.output.contains(" copy/best"))
        }
        let more = try sandbox.succeed("\(line("copy")) --epochs 2")
        #expect(
          more.errors.contains("settings changed after step 14: epochs 1 → 2, steps 14 → 27. "))
        #expect(more.errors.contains("Step 15's learning rate is "))
        #expect(try sandbox.losses(of: "copy").count == 27)
        let config = try sandbox.text("copy/config.yaml")
        #expect(config.contains("epochs: 1\n") && config.contains("from: pretrained\n"))
        // From a folder where nothing lies as it did.
        let (run, program) = (sandbox.path("copy"), try Products.executable("gpt1-dist"))
        let replay = "cd / && \(program) replay \(run) --step 20 --threads 1"
        #expect(try sandbox.shell(replay).errors.contains("--data"))
        #expect(
          try sandbox.shell("\(replay) --data \(sandbox.path("tasks"))").errors.contains("--task"))
        let replayed = try sandbox.shell(
          "\(replay) --data \(sandbox.path("tasks")) --task \(sandbox.path("mood.yaml"))")
        #expect(replayed.output.contains("the same bits"), "\(replayed.errors)")
        // Another model in the place of the one that it began with.
        try sandbox.copy("run/best", to: "pretrained")
        try sandbox.expectRefusal(
          line("copy") + " --epochs 2", "weights other than those that pretrained now has")
      }
    }

    @Test func changedSettingsAreToldAndReplayed() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) --out run --reduce ordered --keep 1 --evaluate-every 0"
        try sandbox.succeed("\(line) --steps 10")
        let more = try sandbox.succeed("\(line) --steps 16 --learning-rate 2e-3 --weight-decay 0.1")
        #expect(
          more.errors.contains(
            "settings changed after step 10: steps 10 → 16, learning-rate 0.001 → 0.002, weight-decay 0.01 → 0.1. "
              + "Step 11's learning rate is "))
        #expect(try sandbox.text("run/config.yaml").contains("steps: 10\n"))
        // No checkpoint is left of before the change.
        for step in [6, 14] {
          let outcome = try sandbox.run("replay run --step \(step)")
          #expect(outcome.output.contains("the same bits"), "\(outcome.output) \(outcome.errors)")
        }
        try sandbox.expectRefusal(
          "\(line) --steps 16", "but was trained with learning-rate 0.002, not 0.001")
      }
    }

    /// A second process looks at nothing before the first has let go: what that leaves meanwhile is what it goes on from.
    @Test func theLockIsTakenBeforeAnythingIsRead() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        let before = try sandbox.text("run/metrics.jsonl")
        let script = """
          mv run/checkpoints/step-00000020 kept
          exec 9<>run/.lock && flock 9
          "$0" \(Sandbox.pretrain) --out run 2>log >/dev/null 9>&- & process=$!
          until grep -q 'in use by another run: waiting' log; do kill -0 $process || exit 8; sleep 0.01; done
          mv kept run/checkpoints/step-00000020
          flock -u 9
          wait $process; echo "status: $?"; cat log >&2
          """
        let outcome = try sandbox.shell(script)
        #expect(outcome.output == "status: 0\n", "\(outcome.errors)")
        #expect(outcome.errors.contains("resuming from \(sandbox.checkpoint(20, of: "run"))"))
        #expect(try sandbox.text("run/metrics.jsonl") == before)
        // One that is not let go is not touched.
        let held = try sandbox.shell(
          "flock run/.lock \"$0\" \(Sandbox.pretrain) --out run --steps 30")
        #expect(held.status == 1 && held.errors.contains("another run is using this folder"))
        #expect(try sandbox.text("run/metrics.jsonl") == before)
      }
    }
  }
}
