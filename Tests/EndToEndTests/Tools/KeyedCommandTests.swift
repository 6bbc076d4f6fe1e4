import ArgumentParser
import Configuration
import Foundation
import Launcher
import Testing
import TestSupport
import Training

extension EndToEnd {
  /// Passes every key as a flag and as YAML to every subcommand that takes it. A new key is tested without a change here.
  @Suite struct KeyedCommandTests {
    /// The keys of a command line, and the values that it comes to; nil for a line that is refused.
    private typealias Base = (given: [String: String], values: [String: String]?)

    private static let commands = GPT1Dist.keyedCommands

    /// The keys that a subcommand needs at least, in several ways: each key goes with one of them.
    private static let lines: [String: [[String: String]]] = [
      "pretrain": [[:], ["tasks-data": "tasks"], ["evaluate-tasks": "cola"]],
      "finetune": [
        ["task": "mood", "data": "files", "from": "model"],
        ["task": "mood", "data": "files", "from-scratch": "true"],
        ["task": "mood", "from": "model"], ["data": "files", "from": "model"],
      ],
      "doctor": [[:], ["tasks-data": "tasks"], ["evaluate-tasks": "cola"]],
      "bench": [[:]], "replay": [[:]],
    ]

    /// Words that a command needs besides keys.
    private static let others = ["replay": ["run", "--step", "1"]]

    /// For every key, at least one of these differs from its default.
    private static func candidates(_ key: any ConfigKey) -> [String] {
      key.info.choices + ["7", "0.25", "2", "24", "100", "2000", "elsewhere"]
    }

    /// The words of a command line with these keys as flags.
    private static func words(_ command: any KeyedCommand.Type, _ flags: [String: String])
      -> [String]
    {
      [command.name] + (others[command.name] ?? [])
        + flags.sorted { $0.key < $1.key }.flatMap { name, value in
          RunConfig.key(name)?.info.isFlag == true ? ["--\(name)"] : ["--\(name)=\(value)"]
        }
    }

    private static func values(_ words: [String]) throws -> [String: String] {
      let command = try #require(try GPT1Dist.parseAsRoot(words) as? any KeyedCommand)
      return try command.values(ranks: 2)
    }

    private static func bases(_ command: any KeyedCommand.Type) throws -> [Base] {
      try #require(lines[command.name]).map { ($0, try? values(words(command, $0))) }
    }

    /// True if the command has the value that it is given for a key; nil if it accepts none of the candidates.
    ///
    /// - Parameter give: the words of a command line with the value
    private static func arrives(
      _ key: any ConfigKey, _ bases: [Base],
      by give: (_ base: [String: String], _ value: String) throws -> [String]
    ) throws -> Bool? {
      for (base, values) in bases where base[key.name] == nil {
        let before = values?[key.name]
        for value in candidates(key) {
          guard let found = try? Self.values(give(base, value)) else { continue }
          // A key that takes a fraction writes 7 as 7.0.
          let asNumber = Double(value).map { "\($0)" }
          let isThere = found[key.name] == value || found[key.name] == asNumber
          if before != value, before != asNumber { return isThere }
        }
      }
      return nil
    }

    @Test func allSubcommandsWithKeysAreKnown() {
      #expect(Set(Self.commands.map { $0.name }) == Set(Self.lines.keys))
      let keys = Set(Self.commands.flatMap { $0.keys.map(\.name) })
      #expect(keys == Set(RunConfig.keys.map(\.name)), "a key without a flag")
    }

    @Test func everyFlagArrives() throws {
      for command in Self.commands {
        let bases = try Self.bases(command)
        #expect(!command.keys.isEmpty)
        for key in command.keys {
          let arrived = try Self.arrives(key, bases) { base, value in
            Self.words(command, base.merging([key.name: value]) { $1 })
          }
          #expect(arrived == true, "\(command.name) --\(key.name): \(arrived ?? false)")
        }
      }
    }

    @Test func everyKeyOfAFileArrives() throws {
      for command in Self.commands where try Self.takesAFile(command) {
        let bases = try Self.bases(command)
        try withTemporaryFolder { folder in
          for key in command.keys {
            let arrived = try Self.arrives(key, bases) { base, value in
              let path = "\(folder)/run.yaml"
              try "\(key.name): \(value)\n".write(toFile: path, atomically: true, encoding: .utf8)
              return Self.words(command, base) + ["--config", path]
            }
            #expect(arrived == true, "\(command.name) with \(key.name): \(arrived ?? false)")
          }
        }
      }
    }

    private static func takesAFile(_ command: any KeyedCommand.Type) throws -> Bool {
      command.helpMessage(columns: 100).contains("--config <yaml>")
    }

    @Test func helpAndErrorsComeFromTheDeclaration() throws {
      for command in Self.commands {
        let help = command.helpMessage(columns: 1_000)
        for key in command.keys {
          let text = key.summary(command.kind, default: command.missing(key.info))
          #expect(help.contains(text), "\(command.name) --\(key.name)")
          for choice in key.info.choices where !key.info.isFlag { #expect(text.contains(choice)) }
          guard !key.info.choices.isEmpty, !key.info.isFlag else { continue }
          let wrong = #expect(throws: (any Error).self) {
            try GPT1Dist.parseAsRoot(Self.words(command, [key.name: "quark"]))
          }
          let message = GPT1Dist.message(for: try #require(wrong))
          #expect(message.contains(key.info.choices.joined(separator: ", ")), "\(message)")
        }
      }
    }

    @Test func flagsOfGroupsStandUnderTheirHeadings() {
      let help = Pretrain.helpMessage(columns: 100)
      for group in KeyInfo.Group.allCases {
        #expect(help.contains("\n\(group.rawValue.uppercased()):\n"))
      }
      #expect(help.contains("(default: 512; mini 128, debug 32)"))
      #expect(Finetune.helpMessage(columns: 100).contains("(default: runs/PRESET-TASK)"))
    }
  }
}
