import Foundation
import TestSupport
import Testing

extension SmallRuns {
  /// Uses of a trained model.
  @Suite(.serialized) struct ModelTests {
    private struct Score: Decodable {
      let tokens: Int
      let loss: Double
      let perplexity: Double
      let logProbabilities: [[Double]]?
    }

    private struct FlatScore: Decodable {
      let tokens: Int
      let loss: Double
      let logProbabilities: [Double]
    }

    private struct Loss: Decodable { let loss: Double }

    /// Folders without a tokenizer.
    @Test(arguments: ["even", "odd", "short", "one-head"])
    func theLossIsThatOfHuggingFace(fixture: String) throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        let files = "\(Repository.path)/Tests/ModelTests/Fixtures/\(fixture)"
        let expected = try json(Loss.self, at: "\(files)/loss.json")
        let tokens = try json([[Int]].self, at: "\(files)/tokens.json")
        let line = "score --model \(files) --token-file \(files)/tokens.json"
        let score = try sandbox.json(Score.self, "\(line) --log-probabilities")
        #expect(abs(score.loss - expected.loss) <= 1e-5 * expected.loss)
        #expect(abs(score.perplexity - exp(score.loss)) <= 1e-9 * score.perplexity)
        let lists = try #require(score.logProbabilities)
        #expect(lists.map(\.count) == tokens.map { $0.count - 1 })
        #expect(score.tokens == lists.joined().count)
        let mean = -lists.joined().reduce(0, +) / Double(score.tokens)
        #expect(abs(mean - score.loss) <= 1e-12 * mean)
        #expect(try sandbox.json(Score.self, line).logProbabilities == nil)

        try sandbox.write("[0, 1, 99999]", to: "outside.json")
        try sandbox.expectRefusal(
          "score --model \(files) --token-file outside.json", "outside.json: token id 99999")
      }
    }

    private static let folder = PreparedFolder(on: Sandbox.prepared) {
      try $0.succeed("\(Sandbox.pretrain) --out run --learning-rate 1e-2")
    }

    private func trained(_ body: (Sandbox, _ model: String) throws -> Void) throws {
      try Self.folder.with { try body($0, $0.checkpoint(20, of: "run")) }
    }

    @Test func aTextLongerThanTheContextIsScoredInWindows() throws {
      try trained { sandbox, model in
        try sandbox.write(Corpus.text(sentences: 20, seed: 9), to: "text.txt")
        let text = try sandbox.json(
          FlatScore.self, "score --model \(model) --text-file text.txt --log-probabilities")
        #expect(text.logProbabilities.count == text.tokens)

        let encoded = try sandbox.shell("tr '\\n' ' ' < text.txt | $0 encode --tokenizer data")
        let ids = words(encoded.output.replacing("\n", with: " ")).compactMap { Int($0) }
        try #require(ids.count > 100)
        let windows = stride(from: 0, to: ids.count - 1, by: 32).map {
          Array(ids[$0..<min($0 + 33, ids.count)])
        }
        try sandbox.write("\(ids)", to: "whole.json")
        try sandbox.write("\(windows)", to: "windows.json")
        let whole = try sandbox.json(
          FlatScore.self, "score --model \(model) --token-file whole.json --log-probabilities")
        let apart = try sandbox.json(
          Score.self, "score --model \(model) --token-file windows.json --log-probabilities")
        let lists = try #require(apart.logProbabilities)
        #expect(whole.tokens == ids.count - 1)
        #expect(lists.map(\.count) == windows.map { $0.count - 1 })
        for (one, other) in zip(whole.logProbabilities, lists.joined()) {
          #expect(abs(one - other) <= 1e-4 * abs(one))
        }
      }
    }

    private struct Generated: Decodable {
      let prompt: String
      let text: String
      let tokens: [Int]
    }

    @Test func theSameSeedGeneratesTheSameText() throws {
      try trained { sandbox, model in
        let prompt = ["--prompt", "the old king"]
        // Five contexts long.
        let line = "generate --model \(model) --tokens 160"
        func text(_ flags: String) throws -> String {
          try sandbox.succeed("\(line) \(flags)", prompt).output
        }
        let first = try text("--seed 3")
        #expect(first.hasPrefix("the old king"))
        #expect(try text("--seed 3 --threads 1") == first)
        let long = ["--prompt", String(repeating: "the old king ", count: 30)]
        let errors = try sandbox.succeed("generate --model \(model) --tokens 1", long).errors
        #expect(
          errors.firstMatch(
            of:
              /has (\d+) tokens, but the model's context is 32: the model does not see the first (\d+)/
          ).map { Int($0.1)! - Int($0.2)! } == 32, "\(errors)")
        #expect(try text("--seed 4") != first)
        #expect(try text("--temperature 0 --seed 3") == text("--temperature 0 --seed 4"))
        #expect(try text("--top-k 1 --seed 3") == text("--temperature 0"))
        let json = try sandbox.json(Generated.self, "\(line) --seed 3", prompt)
        #expect(json.prompt == "the old king")
        #expect(json.tokens.count == 160)
        #expect(json.text + "\n" == first)
      }
    }

    private struct Samples: Decodable {
      struct Sample: Decodable, Equatable {
        let seed: Int
        let text: String
        let tokens: [Int]
      }
      let samples: [Sample]
    }

    @Test(arguments: ["fp32", "bf16"])
    func samplesAreTheTextsOfTheirSeeds(precision: String) throws {
      try trained { sandbox, model in
        let prompt = ["--prompt", "the old king"]
        // Twice the context.
        let line = "generate --model \(model) --tokens 64 --precision \(precision)"
        let all = try sandbox.json(
          Samples.self, "\(line) --seed 3 --samples 5 --threads 2", prompt
        ).samples
        #expect(all.map(\.seed) == [3, 4, 5, 6, 7])
        for sample in all {
          let alone = try sandbox.json(
            Generated.self, "\(line) --seed \(sample.seed) --threads 1", prompt)
          #expect(alone.tokens == sample.tokens && alone.text == sample.text)
        }
        let text = try sandbox.succeed("\(line) --seed 3 --samples 2", prompt).output
        #expect(
          text == "=== sample 1 of 2, seed 3\n\(all[0].text)\n"
            + "=== sample 2 of 2, seed 4\n\(all[1].text)\n")
      }
    }

    @Test func whatCannotBeGeneratedIsRefused() throws {
      try trained { sandbox, model in
        let line = "generate --model \(model) --prompt the --tokens 2"
        try sandbox.expectRefusal("\(line) --samples 0", status: 2, "--samples 0", "1 to 4096")
        try sandbox.expectRefusal("\(line) --samples 99999999", status: 2, "--samples 99999999")
        try sandbox.expectRefusal(
          "\(line) --precision bf16-emulated", status: 2, "'fp32' and 'bf16'")
        let limited = try sandbox.shell("ulimit -d 200000; $0 \(line) --samples 4096 --threads 1")
        #expect(limited.status == 1)
        #expect(limited.errors.contains("give fewer --samples, or"), "\(limited.errors)")
        #expect(try sandbox.shell("ulimit -d 200000; $0 \(line) --threads 1").status == 0)
      }
    }

    @Test func decodeIsTheInverseOfEncode() throws {
      try Sandbox.with { sandbox in
        try sandbox.write("the old king walked\nqueen and horse\n", to: "lines.txt")
        let back = try sandbox.shell(
          "$0 encode --tokenizer data < lines.txt > ids.txt && $0 decode --tokenizer data < ids.txt"
        )
        #expect(back.status == 0)
        #expect(try back.output == sandbox.text("lines.txt"))
        #expect(try sandbox.text("ids.txt").split(separator: "\n").count == 2)

        let wrong = try sandbox.shell("printf '1 2\\n3 99999\\n' | $0 decode --tokenizer data")
        #expect(wrong.status == 1)
        #expect(wrong.sentences.count == 1)
        #expect(
          wrong.sentences.first?.contains("standard input:2: `99999` is not a token id") == true)
      }
    }

    /// A model folder like `model` with one weight that is not a number.
    private func spoil(_ sandbox: Sandbox, _ model: String) throws {
      try sandbox.copy(model, to: "spoilt")
      for file in ["SIZES", "XXH128SUMS", "trainer.json", "optimizer.safetensors"] {
        try sandbox.remove("spoilt/\(file)")
      }
      var tensors = try Tensors(sandbox.read("spoilt/model.safetensors"))
      try tensors.set("h.1.mlp.c_fc.weight", at: 300, to: .nan)
      try sandbox.write(tensors.bytes, to: "spoilt/model.safetensors")
    }

    @Test func verifyTellsGoodFromBad() throws {
      try trained { sandbox, model in
        #expect(try sandbox.succeed("verify \(model)").output.contains("\(model): good"))
        try spoil(sandbox, model)
        let bad = try sandbox.run("verify \(model) spoilt")
        #expect(bad.status == 1)
        #expect(bad.output.contains("\(model): good"))
        #expect(bad.output.contains("h.1.mlp.c_fc.weight holds NaN or infinity"))
        #expect(try sandbox.run("verify nowhere").status == 1)
      }
    }

    @Test func debugNamesTheOperationThatANaNComesFrom() throws {
      try trained { sandbox, model in
        try spoil(sandbox, model)
        let line = "\(Sandbox.pretrain) --from spoilt --out new"
        try sandbox.expectRefusal(
          "\(line) --debug", "step 1, rank 0: nan in the output of layer 1, operation mlp.c_fc",
          "sequence 0 of the batch", "column 44")
        let ranks = try sandbox.run("\(line) --debug", ranks: 2)
        #expect(ranks.status == 1)
        #expect(ranks.errors.contains("layer 1, operation mlp.c_fc, sequence"))
        try sandbox.expectRefusal(line, ranks: 2, "step 1: the loss is nan", "--debug")
        #expect(try !sandbox.exists("new/checkpoints") || sandbox.checkpoints(of: "new").isEmpty)
      }
    }

    @Test func debugPrintsThePhasesTimes() throws {
      try Sandbox.with { sandbox in
        let outcome = try sandbox.succeed("\(Sandbox.pretrain) --out run --debug", ranks: 2)
        #expect(outcome.errors.components(separatedBy: "seconds by phase, rank 0").count == 2)
        for phase in ["data", "forward", "backward", "communication", "optimizer", "checkpoint"] {
          #expect(outcome.errors.contains("\n\(phase) "), "\(phase)")
        }
      }
    }
  }
}
