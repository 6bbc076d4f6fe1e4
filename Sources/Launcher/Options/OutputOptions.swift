import ArgumentParser
import Console
import Files
import Foundation

/// How a subcommand prints its result.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object on standard output, and nothing else there.")
  var json = false

  /// The result in one of its two forms.
  ///
  /// - Parameter exact: whether it is text of a model's, and not names of files, whose bytes are made readable
  func print(
    _ result: some Encodable, exact: Bool = false, text: @autoclosure () throws -> String
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = json ? String(decoding: try encoder.encode(result), as: UTF8.self) : try text()
    if !exact { text = FileName.printable(text, inJSON: json) }
    do { try StandardOutput.write(text + "\n") } catch is StandardOutput.Closed {
      // Nobody wants it any more, and it was the last thing to do.
    }
  }
}

/// What the user should know of a result: standard error.
func printWarning(_ text: String) { printError("warning: \(text)") }
