import Foundation
import TestSupport
import Testing

extension SmallRuns {
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
          "\(line) short", ranks: ranks, "short: ", "one sequence of context 32 needs 33")
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
        var refusals: [Refusal] = []
        func refused(_ flags: String, _ sentence: String) {
          refusals.append(Refusal("\(line) \(flags)", status: 2, sentence))
        }
        refused("--batch 7", "a batch of 7 sequences cannot be divided into micro-batches of 2")
        refused("--heads 3", "3")
        refused("--dropout 1.5", "dropout")
        refused("--steps 0", "steps is 0")
        refused("--schedule sine", "expected one of cosine, linear, constant")
        refused("--learning-rate fast", "'fast' is invalid for '--learning-rate")
        refused("--bath 8", "Unknown option '--bath'. Did you mean '--batch'?")
        refused(
          "--preset debg", "Please provide one of 'gpt1', 'mini' or 'debug'. Did you mean 'debug'?")
        refused("--lr 1", "Unknown option '--lr'. Did you mean '--learning-rate'?")
        refused("--batch_size=8", "Unknown option '--batch_size'. Did you mean '--batch'?")

        let yaml: [(text: String, parts: String)] = [
          ("seed: 1\nlerning-rate: 1\n", "wrong.yaml:2: unknown key `lerning-rate`"),
          ("seed: 1\nsteps: many\n", "wrong.yaml:2: `steps` cannot be `many`"),
          ("seed: 1\n\nsteps: [1, 2]\n", "wrong.yaml:3: `steps` cannot be a list"),
          ("- seed\n", "wrong.yaml:1: expected lines of `key: value`"),
          ("seed: 1\n  x: [\n", "wrong.yaml:2: is not YAML"),
        ]
        for (place, (text, parts)) in yaml.enumerated() {
          let name = "wrong\(place).yaml"
          try sandbox.write(text, to: name)
          refused("--config \(name)", parts.replacing("wrong.yaml", with: name))
        }
        refused("--config nowhere.yaml", "nowhere.yaml: ")
        try sandbox.expectRefusals(refusals, ranks: ranks)
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
        let debug = "pretrain --preset debug --threads 1"
        var refusals: [Refusal] = []
        var before: [String: [String: String]] = [:]
        func refused(_ flags: String, _ parts: String) throws {
          // A dry run says so too, where it is about the run that is there. One command at a time may look at a run, so each has a
          // copy.
          let isOfRun = flags.contains("--out RUN")
          for more in isOfRun ? ["", " --dry-run"] : [""] {
            let run = isOfRun ? "run\(refusals.count)" : "run"
            if isOfRun {
              try sandbox.copy("run", to: run)
              before[run] = try sandbox.snapshot(of: run)
            }
            refusals.append(
              Refusal(
                "\(debug) \(flags)\(more)".replacing("RUN", with: run),
                parts.replacing("RUN", with: run)))
          }
        }
        let (run, newest) = ("--out RUN", sandbox.checkpoint(20, of: "RUN"))
        try refused("\(run) --data data --seed 4", "\(newest): was trained with seed 1, not 4")
        try refused("\(run) --data other", "\(newest): was trained on data that differ")
        try refused("\(run) --data data --steps 15", "is already at step 20, beyond the 15 steps")
        try refused("\(run) --data data --resume never", "\(newest): already exists")
        try refused("\(run) --data data --resume gone", "gone: there is no such checkpoint")
        try refused("--out new --data data --from gone", "gone: there is no such folder")
        try refused("--out newer --data data --from \(newest) --width 32", "has width 64")
        try sandbox.expectRefusals(refusals, ranks: ranks)
        #expect(before.count == 10)
        for (run, files) in before { #expect(try sandbox.snapshot(of: run) == files) }
        #expect(!sandbox.exists("new") && !sandbox.exists("newer"))
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
        let before = try outputs.map { try sandbox.read($0.1) }
        try sandbox.expectRefusals(
          outputs.map { line, output in
            Refusal(
              "\(line) \(output)", status: 2, output, "is read by this command",
              "choose another file")
          })
        for ((line, output), bytes) in zip(outputs, before) {
          #expect(try sandbox.read(output) == bytes, "\(line) \(output)")
        }
        // Some programs take a dash for a standard stream.
        try sandbox.expectRefusals(
          [
            ("\(evaluate) -", "/dev/stdout"),
            ("prepare --train-bpe 9 --out new --input -", "/dev/stdin"),
            ("score --model pretrained --text-file -", "/dev/stdin"),
          ].map { line, stream in Refusal(line, "-: ", "give \(stream)") })
        let unnamed = try sandbox.run(evaluate, [""])
        #expect(unnamed.status == 2 && unnamed.errors.contains("--predictions is empty"))
        #expect(!sandbox.exists("new"))
        // Text written there earlier is not read.
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
        try sandbox.expectRefusals([
          Refusal("frobnicate", status: 2, "Unexpected argument 'frobnicate'"),
          Refusal("pretrian --preset mini", status: 2, "did you mean 'pretrain'?"),
          Refusal("generate --model m --prompt a --temperature -1", status: 2, "--temperature -1"),
        ])
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
