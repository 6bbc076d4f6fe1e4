import ArgumentParser
import Launcher
import TestSupport
import Testing

extension SmallRuns {
  @Suite struct ArgumentListTests {
    @Test func wordsWithAMinusSignAreValues() {
      func joined(_ line: String) -> String {
        ArgumentList.joined(words(line)).joined(separator: " ")
      }
      #expect(joined("generate --temperature -1 --json") == "generate --temperature=-1 --json")
      #expect(joined("--prompt -a --top-p -.5e-3") == "--prompt=-a --top-p=-.5e-3")
      #expect(joined("--out --json -h") == "--out --json -h")
      #expect(joined("--seed=1 -2 verify -3 - --") == "--seed=1 -2 verify -3 - --")
      #expect(joined("verify -- --out -1") == "verify -- --out -1")
    }

    /// The parser takes them for missing, or for options that do not exist.
    @Test func everyOptionTakesAValueWithAMinusSign() throws {
      try Sandbox.with { sandbox in
        var count = 0
        for command in try CommandLineHelp.subcommands(sandbox) {
          for option in command.arguments ?? [] where option.kind == "option" {
            let name = try #require(option.names?.first { $0.kind == "long" }?.name)
            let line = ArgumentList.joined([command.commandName, "--\(name)", "-1"])
            var message = ""
            do { _ = try GPT1Dist.parseAsRoot(line) } catch {
              message = GPT1Dist.message(for: error)
            }
            #expect(
              !message.contains("Missing value") && !message.contains("Unknown"), "\(message)")
            count += 1
          }
        }
        #expect(count > 100)
      }
    }
  }
}
