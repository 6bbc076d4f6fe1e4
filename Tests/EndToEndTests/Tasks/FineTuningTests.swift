// Longer than 300 lines: one suite over one folder of tasks.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Fine-tuning and evaluation as a user runs them, on tasks that a small model learns.
  @Suite(.serialized) struct FineTuningTests {
    @Test func aTaskOfOnesOwnTrainsAndEvaluates() throws {
      try Sandbox.withTasks { sandbox in
        let run = try sandbox.succeed("\(Sandbox.finetune("mood")) --out run --epochs 10")
        #expect(
          run.errors.contains("mood, classification: 216 training and 24 development examples"))
        #expect(run.errors.contains("no training example is longer than the context of 32 tokens"))
        let best = try sandbox.json(Best.self, "\(Sandbox.finetune("mood")) --out run --epochs 10")
        #expect(best.best.score.metric == "accuracy")
        #expect((best.best.score.value ?? 0) > 0.9, "better than 1 of 2 by far")

        let found = try sandbox.json(
          Measured.self,
          "evaluate --task mood.yaml --data tasks --model run/best --predictions p.tsv")
        #expect(found.metrics?.first == best.best.score)
        #expect(found.examples == 24 && found.truncated == 0)
        let predictions = try sandbox.text("p.tsv").split(separator: "\n")
        #expect(predictions.first == "id\tprediction")
        #expect(predictions.count == 25)
        #expect(
          predictions.dropFirst().allSatisfy { $0.hasSuffix("\tglad") || $0.hasSuffix("\tsad") })

        // The model folder is whole, and still a language model.
        try sandbox.succeed("verify run")
        #expect(
          try sandbox.succeed("generate --model run/best --prompt the --tokens 3 --seed 1").output
            .count > 3)

        // A better model that could not be written is told of for as long as it is missing.
        let worse = try sandbox.text("run/best/best.json")
          .replacing(/"value" *: *[0-9.]+/, with: "\"value\" : 0.25")
        try sandbox.write(worse, to: "run/best/best.json")
        let again = try sandbox.run("\(Sandbox.finetune("mood")) --out run --epochs 10")
        #expect(again.status == 1, "\(again.errors)")
        #expect(again.output.contains("the best model was not kept: the model of step "))
        #expect(!again.output.contains("best: "))

        // Files that no run wrote are not lost when this run or a new one replaces the best model.
        try sandbox.write("a thesis", to: "run/best/thesis.txt")
        try sandbox.expectRefusal(
          "\(Sandbox.finetune("mood")) --out run --epochs 11", "run/best: holds thesis.txt")
        try sandbox.write("a thesis", to: "new/best/thesis.txt")
        try sandbox.expectRefusal(
          "\(Sandbox.finetune("mood")) --out new --epochs 1", "new/best: holds thesis.txt")
        #expect(try sandbox.text("new/best/thesis.txt") == "a thesis")
        // One that was removed, too, and when the run goes on.
        try sandbox.remove("run/best")
        let line = "\(Sandbox.finetune("mood")) --out run --epochs"
        let gone = try sandbox.run("\(line) 10")
        #expect(gone.status == 1, "\(gone.errors)")
        #expect(
          gone.output.contains("is not in run/best (it could not be written, or was removed)"))
        let longer = try sandbox.run("\(line) 11")
        #expect(longer.errors.contains("warning: the model of step "))
        #expect(longer.errors.contains("the best model from here on is that of the other steps"))
        // A dry run says what the run would.
        try sandbox.expectRefusal(
          "\(line) 11 --seed 9 --dry-run", "was trained with seed ", "not 9")
      }
    }

    @Test(arguments: ["mood", "follows", "same", "choice", "grade"])
    func anyNumberOfRanksGivesTheSameEvaluation(task: String) throws {
      try Sandbox.withTasks { sandbox in
        var runs: [[Double]] = []
        _ = try sideBySide(Array(1...3)) { (ranks: Int) in
          let line = "\(Sandbox.finetune(task)) --epochs 1 --out run\(ranks)"
          return try sandbox.succeed(line, ranks: ranks)
        }
        for ranks in 1...3 { runs.append(try sandbox.losses(of: "run\(ranks)")) }
        // 216 examples, 16 a step: the last step has 8, in two leaves.
        #expect(runs[0].count == 14)
        for run in runs.dropFirst() {
          for (one, many) in zip(runs[0], run) { #expect(abs(one - many) <= 1e-4 * abs(one)) }
        }

        var printed: Set<String> = []
        var files: Set<Data> = []
        let outputs = try sideBySide(Array(1...3)) { (ranks: Int) in
          let line =
            "evaluate --task \(task).yaml --data tasks --model run1/best --predictions p\(ranks).tsv"
          return try sandbox.succeed("\(line) --json", ranks: ranks).output
        }
        for (ranks, output) in zip(1...3, outputs) {
          printed.insert(output.replacing("p\(ranks).tsv", with: "p.tsv"))
          files.insert(try sandbox.read("p\(ranks).tsv"))
        }
        #expect(printed.count == 1, "\(printed)")
        #expect(files.count == 1)
      }
    }

    @Test func orderedReductionGivesTheSameBitsOnAnyNumberOfRanks() throws {
      try Sandbox.withTasks { sandbox in
        let line = "\(Sandbox.finetune("choice")) --epochs 1 --reduce ordered --out"
        _ = try sideBySide([1, 2, 4]) { (ranks: Int) in
          try sandbox.succeed("\(line) run\(ranks)", ranks: ranks)
        }
        let hashes = try [1, 2, 4].map { try sandbox.weightsHashes(of: "run\($0)") }
        #expect(hashes[0].count == 14 && Set(hashes[0]).count == 14)
        #expect(Set(hashes).count == 1)
      }
    }

    /// But for the order of sums: the lookup's part of the embedding's gradient is summed apart.
    @Test func overlappedReductionGivesTheLossesOfAllReduce() throws {
      try Sandbox.withTasks { sandbox in
        let line = "\(Sandbox.finetune("same")) --epochs 1 --out"
        for lambda in ["0.5", "0"] {
          try sandbox.succeedAll(
            ["allreduce", "overlapped"].map { reduce in
              "\(line) \(reduce)\(lambda) --lm-coefficient \(lambda) --reduce \(reduce)"
            }, ranks: 3)
          let (ones, others) = (
            try sandbox.losses(of: "allreduce\(lambda)"),
            try sandbox.losses(of: "overlapped\(lambda)")
          )
          #expect(ones.count == 14 && others.count == 14)
          for (one, other) in zip(ones, others) { #expect(abs(one - other) <= 1e-5 * one) }
        }
        #expect(try sandbox.losses(of: "allreduce0") != sandbox.losses(of: "allreduce0.5"))
      }
    }

    @Test func aKilledFineTuningGoesOnToTheSameModel() throws {
      try Sandbox.withTasks { sandbox in
        let line = "\(Sandbox.finetune("mood")) --epochs 12 --checkpoint-every 5 --out"
        try sandbox.succeed("\(line) whole", ranks: 2)
        let killed = try sandbox.run("\(line) run", ranks: 2) { mpirun in
          sandbox.waitForStep(38, of: "run", while: mpirun)
          if let rank = Command.children(of: mpirun).last { kill(rank, SIGKILL) }
        }
        #expect(killed.status == 128 + SIGKILL)
        let again = try sandbox.succeed("\(line) run", ranks: 2)
        #expect(again.errors.contains("resuming from run/checkpoints/step-"))
        #expect(try sandbox.losses(of: "run") == sandbox.losses(of: "whole"))
        for name in [
          "\(sandbox.checkpoint(162, of: "RUN"))/model.safetensors", "RUN/best/model.safetensors",
        ] {
          let (one, other) = (
            name.replacing("RUN", with: "run"), name.replacing("RUN", with: "whole")
          )
          #expect(try sandbox.read(one) == sandbox.read(other), "\(name)")
        }
      }
    }

    @Test func aSignalStopsWithACheckpoint() throws {
      try Sandbox.withTasks { sandbox in
        let line = "\(Sandbox.finetune("mood")) --epochs 200 --out run"
        let stopped = try sandbox.run(line) { process in
          sandbox.waitForStep(20, of: "run", while: process)
          kill(process, SIGTERM)
        }
        #expect(stopped.status == 75, "\(stopped.errors)")
        #expect(try sandbox.checkpoints(of: "run").count == 1)
      }
    }

    @Test func warningsOfEachSplitAreToldOnce() throws {
      try Sandbox.withTasks { sandbox in
        for split in ["train", "dev"] {
          try sandbox.write(
            try sandbox.text("tasks/mood-\(split).csv").replacing("gold", with: "ĝołđ"),
            to: "tasks/mood-\(split).csv")
        }
        let line = "\(Sandbox.finetune("mood")) --epochs 1 --out run --examples 300 --dry-run"
        let errors = try sandbox.succeed(line).output
        for start in ["warning: train: ", "warning: dev: "] {
          #expect(errors.components(separatedBy: start).count == 2, "\(errors)")
        }
        #expect(errors.components(separatedBy: "of the tokens are unknown, most").count == 3)
        #expect(
          try sandbox.succeed(line).errors.contains("all 216 training examples are used"))
      }
    }

    @Test func aStepOfAFineTuningIsReplayed() throws {
      try Sandbox.withTasks { sandbox in
        try sandbox.succeed("\(Sandbox.finetune("same")) --epochs 1 --out run --checkpoint-every 5")
        let outcome = try sandbox.succeed("replay run --step 7")
        #expect(outcome.output.contains("the same bits"), "\(outcome.output)")
        // Other labels are no other data.
        let yaml = try sandbox.text("same.yaml")
        try sandbox.write(yaml.replacing("[0, 1]", with: "[1, 0]"), to: "swapped.yaml")
        try sandbox.expectRefusal(
          "replay run --step 7 --task swapped.yaml", "was trained with the task same", "into 1, 0")
      }
    }

    @Test func whatIsTransferredIsWhatWasAskedFor() throws {
      try Sandbox.withTasks { sandbox in
        let still =
          "finetune --task mood.yaml --data tasks --from pretrained --threads 1 --epochs 1 --learning-rate 0"
        for (name, flag) in [
          ("all", ""), ("one", "--transfer-layers 1"), ("none", "--from-scratch"),
        ] {
          try sandbox.succeed("\(still) --out \(name) \(flag)")
        }
        let source = try Tensors(sandbox.read("pretrained/model.safetensors"))
        func taken(_ run: String) throws -> Set<String> {
          let found = try Tensors(sandbox.read("\(run)/best/model.safetensors"))
          return try Set(
            source.shapes.keys.filter { name in
              let (one, other) = (try source.floats(name), try found.floats("transformer." + name))
              // Biases and gains that begin at 0 and 1 tell nothing.
              return name.hasSuffix(".weight") && !name.contains("ln_")
                && one == Array(other.prefix(one.count))
            })
        }
        let layer = { (layer: Int) in
          Set(
            ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"].map {
              "h.\(layer).\($0).weight"
            })
        }
        let embeddings: Set = ["tokens_embed.weight", "positions_embed.weight"]
        #expect(try taken("all") == embeddings.union(layer(0)).union(layer(1)))
        #expect(try taken("one") == embeddings.union(layer(0)))
        #expect(try taken("none") == [])
        // Three special tokens behind the model's own.
        let rows = try #require(source.shapes["tokens_embed.weight"]?.first)
        let found = try Tensors(sandbox.read("all/best/model.safetensors"))
        #expect(found.shapes["transformer.tokens_embed.weight"]?.first == rows + 3)
        #expect(found.shapes["score.weight"]?.first == 2)
      }
    }

    @Test func seedsAreStudiedTogether() throws {
      try Sandbox.withTasks { sandbox in
        struct Study: Decodable {
          struct Spread: Decodable { let median, least, most: Double, values: [Double?] }
          let seeds: [Int]
          let spread: Spread
        }
        let line = "\(Sandbox.finetune("mood")) --epochs 1 --examples 100 --seeds 4,2,9 --out runs"
        let study = try sandbox.json(Study.self, line)
        #expect(study.seeds == [4, 2, 9])
        #expect(study.spread.values.count == 3)
        #expect(study.spread.median == study.spread.values.compactMap(\.self).sorted()[1])
        #expect(try sandbox.names(in: "runs") == ["seed-2", "seed-4", "seed-9"])
        #expect(try sandbox.losses(of: "runs/seed-2") != sandbox.losses(of: "runs/seed-4"))
      }
    }

    @Test func textsBeyondTheContextAreCutAndCounted() throws {
      try Sandbox.withTasks { sandbox in
        let long = String(repeating: "the old road under the bright sea ", count: 12)
        try sandbox.write(
          "text,label\n\(long) gold,glad\n\(long) stone,sad\nshort gold,glad\nshort stone,sad\n",
          to: "tasks/mood-train.csv")
        let line =
          Sandbox.finetune("mood").replacing("--batch 16", with: "--batch 4")
          + " --epochs 1 --out run"
        let run = try sandbox.succeed(line)
        #expect(
          run.errors.contains(
            " training examples are longer than the context of 32 tokens and lose"))
      }
    }

    @Test func aLanguageModelAnswersWithoutTraining() throws {
      try Sandbox.withTasks { sandbox in
        let line =
          "evaluate --task choice.yaml --data tasks --model pretrained --zero-shot --predictions p.tsv"
        let found = try sandbox.json(Measured.self, line)
        #expect(found.examples == 24)
        #expect(found.metrics?.first?.metric == "accuracy")
        let one = try sandbox.read("p.tsv")
        try sandbox.succeed(line, ranks: 3)
        #expect(try sandbox.read("p.tsv") == one)
      }
    }

    @Test func validationsOfPretrainingAskTasksToo() throws {
      try Sandbox.withTasks { sandbox in
        try FileManager.default.createDirectory(
          atPath: sandbox.path("all/cola"), withIntermediateDirectories: true)
        let lines = (0..<20).map {
          "x\t\($0 % 2)\t\t" + ($0 % 2 == 0 ? "stone the under" : "the gold stone walked")
        }
        for name in ["in_domain_train", "in_domain_dev", "out_of_domain_dev"] {
          try sandbox.write(lines.joined(separator: "\n") + "\n", to: "all/cola/\(name).tsv")
        }
        var found: Set<[String]> = []
        for ranks in [1, 3] {
          try sandbox.succeed(
            "\(Sandbox.pretrain) --out run\(ranks) --learning-rate 0 --evaluate-tasks cola --tasks-data all",
            ranks: ranks)
          let lines = try sandbox.text("run\(ranks)/metrics.jsonl").split(separator: "\n")
            .filter { $0.contains("zeroShot") }
          #expect(lines.count == 2)
          #expect(lines.allSatisfy { $0.contains("matthews") && $0.contains("validationLoss") })
          found.insert(
            lines.compactMap { $0.split(separator: "\"zeroShot\"").last.map(String.init) })
        }
        #expect(found.count == 1)
      }
    }

    @Test func whatCannotBeIsRefusedInASentence() throws {
      try Sandbox.withTasks { sandbox in
        let base = "finetune --data tasks --out refused"
        try sandbox.expectRefusals([
          Refusal("\(base) --from pretrained", status: 2, "fine-tuning needs a task"),
          Refusal("\(base) --task mood.yaml", status: 2, "--from MODEL, or --from-scratch"),
          Refusal("\(base) --task mood.yaml --from-scratch", status: 2, "give --tokenizer"),
          Refusal("\(base) --task gone.yaml --from pretrained", status: 2, "gone.yaml"),
          Refusal("\(base) --task mood.yaml --from gone", "gone: there is no such folder"),
          Refusal(
            "\(base) --task mood.yaml --from pretrained --transfer-layers 3", status: 2,
            "has only 2"),
          Refusal(
            "\(base) --task mood.yaml --from pretrained --lm-coefficient=-1", status: 2,
            "lm-coefficient is -1"),
          Refusal(
            "\(base) --task mood.yaml --from pretrained --epochs 0", status: 2, "epochs is 0"),
          Refusal(
            "\(base) --task mood.yaml --from pretrained --seeds 1,1", status: 2,
            "a seed is given twice"),
          Refusal(
            "evaluate --task mood.yaml --data tasks --model pretrained --zero-shot", status: 2,
            "mood has no zero-shot heuristic"),
          Refusal(
            "\(Sandbox.pretrain) --out refused --evaluate-tasks cola", status: 2,
            "give evaluate-tasks and tasks-data"),
        ])
        try sandbox.expectRefusals(
          [
            Refusal("\(base) --task colla --from pretrained", status: 2, "`colla`", "cola"),
            Refusal("\(base) --task cola --from pretrained", "tasks", "get the files from"),
            Refusal(
              "evaluate --task mood.yaml --data tasks --model pretrained", "without a linear layer"),
          ], ranks: 2)
        #expect(!sandbox.exists("refused"))
      }
    }

    @Test func aNumberThatIsNoneIsFoundInItsExample() throws {
      try Sandbox.withTasks { sandbox in
        let line = "\(Sandbox.finetune("choice")) --epochs 1 --out run"
        try sandbox.expectRefusal(
          "\(line) --debug --fault nan:0:3", "step 3, rank 0: nan in", "(example ")
        try sandbox.expectRefusal("\(line) --fault nan:0:3", "step 3: the loss is nan")
      }
    }

    @Test func aModelOfAnotherTaskIsRefused() throws {
      try Sandbox.withTasks { sandbox in
        try sandbox.succeed("\(Sandbox.finetune("mood")) --epochs 1 --out run")
        try sandbox.expectRefusal(
          "evaluate --task grade.yaml --data tasks --model run/best", "mood (classification",
          "grade is similarity")
        // The same run directory, another task.
        try sandbox.expectRefusal(
          "\(Sandbox.finetune("same")) --epochs 1 --out run", "was trained with")
        // A fine-tuned model is one to begin with, special tokens included.
        try sandbox.succeed(
          "finetune --task same.yaml --data tasks --from run/best --threads 1 --epochs 1 --out next"
        )
        let (one, next) = (
          try Tensors(sandbox.read("run/best/model.safetensors")),
          try Tensors(sandbox.read("next/best/model.safetensors"))
        )
        let name = "transformer.tokens_embed.weight"
        #expect(one.shapes[name] == next.shapes[name])
      }
    }
  }
}

private struct Score: Decodable, Equatable {
  let metric: String
  let value: Double?
}

private struct Best: Decodable {
  struct Model: Decodable { let score: Score }
  let best: Model
}

private struct Measured: Decodable {
  let examples: Int
  let truncated: Int
  let metrics: [Score]?
}
