import ArgumentParser
import Launcher
import TestSupport
import Testing

extension SmallRuns {
  /// Every subcommand explains itself, and refuses what it does not know. A new one needs a line here.
  @Suite(.serialized) struct SubcommandRefusalTests {
    /// Complete lines whose input is missing, and what is said of it.
    private static let missing: [String: Refusal] = [
      "prepare": Refusal(
        "prepare --train-bpe 9 --out new --input gone.txt", "gone.txt: there is no such file"),
      "pretrain": Refusal(
        "pretrain --preset debug --out new --data gone", "gone: there is no such folder"),
      "finetune": Refusal(
        "finetune --task gone.yaml --data . --from-scratch --preset debug --tokenizer data --out new",
        status: 2, "gone.yaml: ", "does not exist"),
      "evaluate": Refusal(
        "evaluate --task cola --data data --model gone", "gone: there is no such folder"),
      "tasks": Refusal("tasks gone.yaml", status: 2, "gone.yaml: ", "does not exist"),
      "score": Refusal(
        "score --text-file corpus.txt --model gone", "gone: there is no such folder"),
      "generate": Refusal("generate --prompt a --model gone", "gone: there is no such folder"),
      "encode": Refusal("encode --tokenizer gone", "gone: there is no such folder"),
      "decode": Refusal("decode --tokenizer gone", "gone: there is no such folder"),
      "verify": Refusal("verify gone", "gone: there is no such folder"),
      "bench": Refusal("bench --preset debug --data gone", "gone: there is no such folder"),
      "doctor": Refusal("doctor --preset debug --data gone", "gone: there is no such folder"),
      "replay": Refusal("replay gone --step 1", "gone: there is no such run"),
    ]

    /// These subcommands print their findings on standard output.
    private static let reporting: Set = ["verify", "doctor"]

    /// As the program declares them, without those that it hides.
    private static var names: [String] {
      GPT1Dist.configuration.subcommands.filter { $0.configuration.shouldDisplay }.map {
        $0._commandName
      }
    }

    @Test func eachHasALine() {
      #expect(Set(Self.names) == Set(Self.missing.keys))
    }

    @Test func aMissingInputIsNamed() throws {
      try Sandbox.with { sandbox in
        let all = Self.names.compactMap { Self.missing[$0] }
        let (reports, refusals) = (
          all.filter { Self.reporting.contains(words($0.line)[0]) },
          all.filter { !Self.reporting.contains(words($0.line)[0]) }
        )
        try sandbox.expectRefusals(refusals)
        #expect(reports.count == Self.reporting.count)
        for report in reports {
          let outcome = try sandbox.run(report.line)
          #expect(outcome.status == report.status)
          for part in report.parts { #expect(outcome.output.contains(part), "\(report.line)") }
          #expect(outcome.sentences == [])
        }
        #expect(!sandbox.exists("new"))
      }
    }

    @Test func unknownOptionsAndWrongValuesAreRefused() throws {
      try Sandbox.with { sandbox in
        var refusals: [Refusal] = []
        for (name, refusal) in Self.missing {
          let options = try options(of: name)
          refusals.append(
            Refusal("\(refusal.line) --frobnicate 1", status: 2, "Unknown option '--frobnicate'"))
          // Each with one option that takes a number, where it has one.
          for option in ["threads", "step", "seed"] where options.contains(option) {
            refusals.append(
              Refusal(
                "\(refusal.line) --\(option) many", status: 2,
                "'many' is invalid for '--\(option)"))
            break
          }
        }
        // All but those of texts, tasks and checks.
        let without: Set = ["tasks", "encode", "decode", "verify"]
        #expect(refusals.count == 2 * Self.missing.count - without.count)
        try sandbox.expectRefusals(refusals)
        #expect(!sandbox.exists("new"))
      }
    }

    @Test func eachIsListedAndHasHelp() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        let list = try sandbox.succeed("--help").output
        let outcomes = try sandbox.succeedAll(Self.names.map { "\($0) --help" })
        for (name, outcome) in zip(Self.names, outcomes) {
          #expect(list.contains("  \(name) "))
          #expect(outcome.output.contains("USAGE: gpt1-dist \(name)"))
        }
      }
    }

    /// The long names of a subcommand's options.
    private func options(of name: String) throws -> Set<String> {
      let help = GPT1Dist.helpMessage(
        for: try #require(
          GPT1Dist.configuration.subcommands.first { $0._commandName == name }))
      return Set(help.matches(of: /--([a-z-]+) </).map { String($0.1) })
    }
  }
}
