import ArgumentParser
import Configuration
import Files
import Foundation
import Training

/// Suggestions for mistakes in a command line.
enum Suggestions {
  private static var subcommands: [(name: String, type: any ParsableCommand.Type)] {
    GPT1Dist.configuration.subcommands.map { ($0.name, $0) }
  }

  /// Throws a UsageError if the first word is not a subcommand.
  static func checkSubcommand(_ arguments: [String]) throws {
    let names = subcommands.map(\.name)
    let listed = subcommands.filter { $0.type.configuration.shouldDisplay }.map(\.name)
    guard let first = arguments.first, !first.hasPrefix("-"), first != "help",
      !names.contains(first)
    else { return }
    throw UsageError(
      "Unexpected argument '\(first)': there is no such subcommand"
        + (Nearest.name(to: first, among: listed).map { "; did you mean '\($0)'?" }
          ?? "; the subcommands are \(listed.joined(separator: ", "))"))
  }

  /// The parser's message, with our suggestions for unknown options and values.
  static func improve(_ message: String, for arguments: [String]) -> String {
    if let found = message.firstMatch(
      of: /Unknown option '(-[^'=]*)[^']*'(?:\. Did you mean '[^']*'\?)?/)
    {
      let meant = OptionNames.meant(by: String(found.1), among: options(of: arguments.first))
      return message.replacing(
        found.0,
        with: "Unknown option '\(found.1)'" + (meant.map { ". Did you mean '--\($0)'?" } ?? ""))
    }
    if let found = message.firstMatch(
      of: /The value '([^']*)' is invalid for '[^']*'\. Please provide one of (.*)\./),
      let meant = Nearest.name(
        to: String(found.1), among: found.2.matches(of: /'([^']*)'/).map { String($0.1) })
    {
      return message.replacing(found.0, with: "\(found.0) Did you mean '\(meant)'?")
    }
    return message
  }

  /// The options that a subcommand's help lists, without their dashes.
  static func options(of subcommand: String?) -> [String] {
    guard let type = subcommands.first(where: { $0.name == subcommand })?.type else { return [] }
    return GPT1Dist.helpMessage(for: type, columns: 400).split(separator: "\n").flatMap { line in
      line.firstMatch(of: /^  (?:-\w, )?--([a-z0-9-]+)/).map { [String($0.1)] } ?? []
    }
  }
}

extension ParsableCommand {
  /// The subcommand's name on the command line.
  package static var name: String { configuration.commandName ?? _commandName }
}
