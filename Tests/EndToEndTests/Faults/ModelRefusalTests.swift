import Foundation
import TestSupport
import Testing

extension SmallRuns {
  /// Every command that takes a model, each way in which a folder can be wrong.
  @Suite(.serialized) struct ModelRefusalTests {
    private static let commands: [(subcommand: String, line: String)] = [
      ("score", "score --text-file corpus.txt --model"),
      ("generate", "generate --prompt the --tokens 2 --model"),
      ("evaluate", "evaluate --task mood.yaml --data tasks --model"),
      ("evaluate", "evaluate --zero-shot --task choice.yaml --data tasks --model"),
      ("finetune", "finetune --task mood.yaml --data tasks --epochs 1 --out refused --from"),
      ("pretrain", "\(Sandbox.pretrain) --out refused --from"),
    ]

    private struct Damage: Sendable {
      let name: String
      let hasHashes: Bool
      let word: String
      let act: @Sendable (Sandbox, String) throws -> Void
    }

    private static let damages = [
      Damage(name: "flipped", hasHashes: true, word: "differs from what was written") {
        var data = try $0.read("\($1)/model.safetensors")
        data[data.count / 2] ^= 1
        try $0.write(data, to: "\($1)/model.safetensors")
      },
      Damage(name: "missing", hasHashes: true, word: "is missing") {
        try $0.remove("\($1)/merges.txt")
      },
      Damage(name: "truncated", hasHashes: false, word: "truncated") {
        let data = try $0.read("\($1)/model.safetensors")
        try $0.write(data.dropLast(100), to: "\($1)/model.safetensors")
      },
      Damage(name: "pointer", hasHashes: true, word: "is a git-lfs pointer") {
        try $0.write(
          "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4660\n",
          to: "\($1)/model.safetensors")
      },
      Damage(name: "rows", hasHashes: false, word: "config.json requires") {
        let text = try $0.text("\($1)/config.json")
        try $0.write(
          text.replacing(/"vocab_size" : \d+/, with: "\"vocab_size\" : 99"), to: "\($1)/config.json"
        )
      },
      Damage(name: "empty", hasHashes: false, word: "holds no model") { sandbox, folder in
        for name in try sandbox.names(in: folder) { try sandbox.remove("\(folder)/\(name)") }
      },
    ]

    @Test func whatIsWrongWithAFolderIsToldByEveryCommand() throws {
      try Sandbox.withTasks { sandbox in
        try sandbox.succeed("\(Sandbox.finetune("mood")) --epochs 1 --out run")
        for damage in Self.damages {
          try sandbox.copy("run/best", to: damage.name)
          if !damage.hasHashes {
            for file in ["XXH128SUMS", "SIZES"] { try sandbox.remove("\(damage.name)/\(file)") }
          }
          try damage.act(sandbox, damage.name)
          try sandbox.expectRefusals(
            Self.commands.map { Refusal("\($0.line) \(damage.name)", damage.word) })
          #expect(try sandbox.run("verify \(damage.name)").status == 1)
        }

        // A run directory is a model to all of them.
        try sandbox.write(try sandbox.text("mood.yaml"), to: "again.yaml")
        for (_, line) in Self.commands.dropLast() {
          let outcome = try sandbox.succeed(
            line.replacing("refused", with: "next").replacing(
              "finetune", with: "finetune --dry-run")
              + " run")
          #expect(
            outcome.errors.contains("run is a run directory: using its best model, run/best"))
        }
        try sandbox.succeed("verify run data run/best run/checkpoints")
        try checkLabels(sandbox)
        try checkMerges(sandbox)
      }
    }

    /// Merges that were cut short, in a folder without hashes. Pre-training takes the tokenizer of its data.
    private func checkMerges(_ sandbox: Sandbox) throws {
      try sandbox.copy("run/best", to: "merges")
      for file in ["XXH128SUMS", "SIZES"] { try sandbox.remove("merges/\(file)") }
      let lines = try sandbox.text("merges/merges.txt").split(separator: "\n")
      try sandbox.write(lines.prefix(20).joined(separator: "\n") + "\n", to: "merges/merges.txt")
      try sandbox.expectRefusals(
        Self.commands.filter { $0.subcommand != "pretrain" }.map {
          Refusal(
            "\($0.line) merges", "merges/merges.txt: has 19 merges",
            "it was cut short or belongs to")
        })
      let verified = try sandbox.run("verify merges")
      #expect(verified.status == 1 && verified.output.contains("merges/merges.txt: has 19 merges"))
    }

    /// The same names in another order, other names, another transformation.
    private func checkLabels(_ sandbox: Sandbox) throws {
      let mood = try sandbox.text("mood.yaml")
      let line = "evaluate --data tasks --model run --predictions"
      try sandbox.write(mood.replacing("[sad, glad]", with: "[glad, sad]"), to: "swapped.yaml")
      let plain = try sandbox.succeed("\(line) one.tsv --task mood.yaml --json").output
      let swapped = try sandbox.succeed("\(line) two.tsv --task swapped.yaml --json")
      #expect(swapped.errors.contains("mapped by name"))
      #expect(swapped.output.contains("mapped by name"), "in `warnings`, too")
      #expect(try sandbox.read("one.tsv") == sandbox.read("two.tsv"))
      func loss(_ json: String) throws -> Double {
        struct Found: Decodable { let loss: Double }
        return try TestSupport.json(Found.self, from: json).loss
      }
      #expect(try isNear(loss(plain), loss(swapped.output)))
      try sandbox.write(
        mood.replacing("[sad, glad]", with: "[no, yes]"), to: "renamed.yaml")
      try sandbox.expectRefusal(
        "\(line) three.tsv --task renamed.yaml", "sad, glad", "no, yes")
      try sandbox.expectRefusal(
        "\(line) three.tsv --task same.yaml", ranks: 2, "classification", "similarity")
      #expect(!sandbox.exists("three.tsv"))
    }

    /// A new one that takes a model belongs into the list above.
    @Test func theListIsWhole() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        let help = try sandbox.succeed("--help").output
        let names = help.split(separator: "\n").drop { !$0.hasPrefix("SUBCOMMANDS") }.dropFirst()
          .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
          .compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(names.contains("score") && names.count > 8)
        // A replay reads one only if it begins before the first checkpoint, and doctor none: it takes all flags of a run.
        let others = names.filter { $0 != "replay" && $0 != "doctor" }
        for (name, help) in zip(others, try sandbox.succeedAll(others.map { "help \($0)" })) {
          let options = help.output
          let takesModel = options.contains("--model ") || options.contains("--from <")
          #expect(takesModel == Self.commands.contains { $0.subcommand == name }, "\(name)")
        }
      }
    }
  }
}
