import ArgumentParser
import Foundation
import Files
import Training

/// What a command line was probably meant to say.
enum Suggestions {
  private static var subcommands: [(name: String, type: any ParsableCommand.Type)] {
    GPT1Dist.configuration.subcommands.map {
      ($0.configuration.commandName ?? $0._commandName, $0)
    }
  }

  /// The arguments with negative numbers joined to the options before them, which would else be taken for options.
  ///
  /// - Throws: a UsageError for a first word that is no subcommand
  static func arguments(_ given: [String]) throws -> [String] {
    let names = subcommands.map(\.name)
    if let first = given.first, !first.hasPrefix("-"), first != "help", !names.contains(first) {
      throw UsageError(
        "Unexpected argument '\(first)': there is no such subcommand"
          + (Nearest.name(to: first, among: names).map { "; did you mean '\($0)'?" }
            ?? "; they are \(names.joined(separator: ", "))"))
    }
    var result: [String] = []
    for argument in given {
      if let option = result.last, option.hasPrefix("--"), option.count > 2, !option.contains("="),
        argument.firstMatch(of: /^-(\d|\.\d|inf|nan)/) != nil
      {
        result[result.count - 1] = "\(option)=\(argument)"
      } else {
        result.append(argument)
      }
    }
    return result
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
