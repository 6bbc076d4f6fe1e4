import Foundation
import TestSupport
import Testing

extension LauncherTests {
  /// Bad input: one clear sentence, the right exit status, and no rank that waits for ever.
  @Suite(.serialized) struct RefusalTests {
    @Test(arguments: [nil, 2, 3]) func missingDataAreRefused(ranks: Int?) throws {
      try Sandbox.with { sandbox in
        let line = "pretrain --preset debug --out run"
        try sandbox.expectRefusal(
          "\(line) --data nowhere", ranks: ranks, "nowhere: there is no such folder", "prepare")
        #expect(!sandbox.exists("run"))
      }
    }

    @Test func textThatCannotBePreparedIsRefused() throws {
      try Sandbox.with { sandbox in
        try sandbox.write("", to: "empty.txt")
        try sandbox.write(Data("good\nlines\nbad \u{ff}".utf8.dropLast(2)) + [0xff], to: "bad.txt")
        let prepare = "prepare --train-bpe 20 --out new --input"
        try sandbox.expectRefusal("\(prepare) empty.txt", "empty.txt: the corpus is empty")
        try sandbox.expectRefusal("\(prepare) bad.txt", "bad.txt:3: ", "is not UTF-8")
        try sandbox.expectRefusal("\(prepare) nowhere.txt", "nowhere.txt: there is no such file")
        try FileManager.default.createSymbolicLink(
          atPath: sandbox.path("lost.txt"), withDestinationPath: "gone.txt")
        try sandbox.expectRefusal("\(prepare) lost.txt", "lost.txt: is a link to gone.txt, which")
        for line in ["\(prepare) corpus.txt", "score --model m --text-file x"] {
          let outcome = try sandbox.run(line, ["--field", ""])
          #expect(outcome.status == 2 && outcome.errors.contains("--field is empty"))
        }
        #expect(!sandbox.exists("new"))
      }
    }

    @Test(arguments: [nil, 2]) func dataThatDoNotFitAreRefused(ranks: Int?) throws {
      try Sandbox.with { sandbox in
        let line = "pretrain --preset debug --threads 1 --out run --data"
        try sandbox.write("one\ntwo\n", to: "short.txt")
        try sandbox.succeed(
          "prepare --input short.txt --train-bpe 5 --out short --validation-fraction 0.5")
        try sandbox.expectRefusal(
          "\(line) short", ranks: ranks, "short: ", "one window of context 32 needs 33")
        try sandbox.expectRefusal(
          "\(line) data --vocabulary 50", ranks: ranks, "data: ", "the model's vocabulary of 50")
        try sandbox.copy("data", to: "cut")
        let shard = "cut/train-00000.tokens"
        try sandbox.write(sandbox.read(shard).dropLast(10), to: shard)
        try sandbox.expectRefusal("\(line) cut", ranks: ranks, "\(shard): ", "truncated")
        #expect(!sandbox.exists("run"))
      }
    }

    @Test(arguments: [nil, 2]) func configurationsThatCannotBeAreRefused(ranks: Int?) throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) --out run"
        func refused(_ flags: String, _ sentence: String) throws {
          try sandbox.expectRefusal("\(line) \(flags)", ranks: ranks, status: 2, sentence)
        }
        try refused("--batch 7", "a batch of 7 sequences cannot be divided into micro-batches of 2")
        try refused("--heads 3", "3")
        try refused("--dropout 1.5", "dropout")
        try refused("--steps 0", "steps is 0")
        try refused("--schedule sine", "expected one of cosine, linear, constant")
        try refused("--learning-rate fast", "'fast' is invalid for '--learning-rate")
        try refused("--bath 8", "Unknown option '--bath'. Did you mean '--batch'?")
        try refused(
          "--preset debg", "Please provide one of 'gpt1', 'mini' or 'debug'. Did you mean 'debug'?")
        try refused("--lr 1", "Unknown option '--lr'. Did you mean '--learning-rate'?")
        try refused("--batch_size=8", "Unknown option '--batch_size'. Did you mean '--batch'?")

        let yaml: [(text: String, parts: String)] = [
          ("seed: 1\nlerning-rate: 1\n", "wrong.yaml:2: unknown key `lerning-rate`"),
          ("seed: 1\nsteps: many\n", "wrong.yaml:2: `steps` cannot be `many`"),
          ("seed: 1\n\nsteps: [1, 2]\n", "wrong.yaml:3: `steps` cannot be a list"),
          ("- seed\n", "wrong.yaml:1: expected lines of `key: value`"),
          ("seed: 1\n  x: [\n", "wrong.yaml:2: is not YAML"),
        ]
        for (text, parts) in yaml {
          try sandbox.write(text, to: "wrong.yaml")
          try refused("--config wrong.yaml", parts)
        }
        try refused("--config nowhere.yaml", "nowhere.yaml: ")
        #expect(!sandbox.exists("run"))
      }
    }

    @Test func ranksThatDisagreeSaySo() throws {
      try Sandbox.with { sandbox in
        let program = try Products.executable("gpt1-dist")
        let line = "\(Sandbox.pretrain) --out run"
        let other = words(": -n 1 \(program) \(line) --seed 5")
        let outcome = try withExtendedLifetime(()) {
          var command = Command.mpirun(
            1, [program] + words(line) + other, scratch: sandbox.folder)
          command.folder = sandbox.folder
          return try command.run()
        }
        #expect(outcome.status == 2)
        #expect(
          outcome.sentences == [
            "gpt1-dist: the ranks disagree about the configuration: rank 0: seed: 1; rank 1: seed: 5"
          ])
        #expect(!outcome.errors.contains("vocabulary"))
        #expect(!sandbox.exists("run"))
      }
    }

    @Test(arguments: [nil, 2]) func runsThatCannotGoOnAreRefused(ranks: Int?) throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        try sandbox.succeed("prepare --input corpus.txt --train-bpe 30 --out other")
        let before = try sandbox.snapshot(of: "run")
        let (debug, run) = ("pretrain --preset debug --threads 1", "--out run")
        let newest = sandbox.checkpoint(20, of: "run")
        func refused(_ flags: String, _ parts: String) throws {
          try sandbox.expectRefusal("\(debug) \(flags)", ranks: ranks, parts)
          // A dry run says so too, where it is about the run that is there.
          guard flags.hasPrefix(run) else { return }
          try sandbox.expectRefusal("\(debug) \(flags) --dry-run", ranks: ranks, parts)
        }
        try refused("\(run) --data data --seed 4", "\(newest): was trained with seed 1, not 4")
        try refused("\(run) --data other", "\(newest): was trained on data that differ")
        try refused("\(run) --data data --steps 15", "is already at step 20, beyond the 15 steps")
        try refused("\(run) --data data --resume never", "\(newest): already exists")
        try refused("\(run) --data data --resume gone", "gone: there is no such checkpoint")
        try refused("--out new --data data --from gone", "gone: there is no such folder")
        try refused("--out new --data data --from \(newest) --width 32", "has width 64")
        #expect(try sandbox.snapshot(of: "run") == before)
        #expect(!sandbox.exists("new"))
      }
    }

    /// By whatever name.
    @Test func whatIsReadIsNotOverwritten() throws {
      try Sandbox.withTasks { sandbox in
        let files = FileManager.default
        try files.linkItem(
          atPath: sandbox.path("tasks/choice-dev.csv"), toPath: sandbox.path("hard.csv"))
        try files.createSymbolicLink(
          atPath: sandbox.path("soft.yaml"), withDestinationPath: "choice.yaml")
        try sandbox.write("seed: 1\n", to: "run.yaml")
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        let evaluate =
          "evaluate --zero-shot --task choice.yaml --data tasks --model pretrained --predictions"
        let pretrain = "\(Sandbox.pretrain) --config run.yaml --steps 30 --out run --trace"
        let finetune = "\(Sandbox.finetune("mood")) --epochs 1 --out new --trace"
        let outputs = [
          (evaluate, "choice.yaml"), (evaluate, "soft.yaml"), (evaluate, "tasks/choice-train.csv"),
          (evaluate, "hard.csv"), (evaluate, "pretrained/config.json"),
          (evaluate, "pretrained/model.safetensors"), (pretrain, "data/vocab.json"),
          (pretrain, "data/train-00000.tokens"), (pretrain, "run.yaml"),
          (pretrain, "run/metrics.jsonl"),
          (pretrain, "\(sandbox.checkpoint(20, of: "run"))/trainer.json"),
          (finetune, "mood.yaml"), (finetune, "tasks/mood-dev.csv"), (finetune, "data/merges.txt"),
          ("bench --preset debug --data data --steps 1 --trace", "data/dataset.json"),
        ]
        for (line, output) in outputs {
          let before = try sandbox.read(output)
          try sandbox.expectRefusal(
            "\(line) \(output)", status: 2, output, "is read by this command", "choose another file"
          )
          #expect(try sandbox.read(output) == before, "\(line) \(output)")
        }
        // Some programs take a dash for a standard stream.
        for (line, stream) in [
          ("\(evaluate) -", "/dev/stdout"),
          ("prepare --train-bpe 9 --out new --input -", "/dev/stdin"),
          ("score --model pretrained --text-file -", "/dev/stdin"),
        ] {
          try sandbox.expectRefusal(line, "-: ", "give \(stream)")
        }
        let unnamed = try sandbox.run(evaluate, [""])
        #expect(unnamed.status == 2 && unnamed.errors.contains("--predictions is empty"))
        #expect(!sandbox.exists("new"))
        // What was written there before is not read.
        for _ in 0..<2 { try sandbox.succeed("\(evaluate) pretrained/answers.tsv") }
        for _ in 0..<2 { try sandbox.succeed("\(pretrain) run/trace.json") }
      }
    }

    @Test(arguments: [nil, 3]) func anOutputBelowAFileIsRefused(ranks: Int?) throws {
      try Sandbox.with { sandbox in
        for out in ["corpus.txt/run", "corpus.txt"] {
          try sandbox.expectRefusal(
            "\(Sandbox.pretrain) --out \(out)", ranks: ranks, "corpus.txt", "not a folder")
        }
      }
    }

    @Test func theCommandLineExplainsItself() throws {
      try Sandbox.with { sandbox in
        try sandbox.expectRefusal("frobnicate", status: 2, "Unexpected argument 'frobnicate'")
        try sandbox.expectRefusal("pretrian --preset mini", status: 2, "did you mean 'pretrain'?")
        try sandbox.expectRefusal(
          "generate --model m --prompt a --temperature -1", status: 2, "--temperature -1")
        let help = try sandbox.succeed("--help")
        let commands = ["prepare", "pretrain", "score", "generate", "encode", "decode", "verify"]
        for name in commands {
          #expect(help.output.contains("  \(name) "))
          #expect(try sandbox.succeed("\(name) --help").output.contains("USAGE: gpt1-dist \(name)"))
        }
        let once = try sandbox.succeed("pretrain --help", ranks: 2)
        #expect(once.output.components(separatedBy: "USAGE:").count == 2)
      }
    }

    @Test func aFinishedCheckpointBeginsANewRunDirectory() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        let newest = sandbox.checkpoint(20, of: "run")
        let outcome = try sandbox.succeed("\(Sandbox.pretrain) --out new --resume \(newest)")
        #expect(outcome.output.contains("step 20, checkpoint \(newest)"))
      }
    }
  }
}
