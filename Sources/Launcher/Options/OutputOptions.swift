import ArgumentParser
import Console
import Files
import Foundation

/// The options for printing a subcommand's result.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object on standard output, and nothing else there.")
  var json = false

  /// Prints the result as JSON or as text.
  ///
  /// - Parameter exact: true for the text of a model; false for text with file names, whose bytes are made printable
  func print(
    _ result: some Encodable, exact: Bool = false, text: @autoclosure () throws -> String
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = json ? String(decoding: try encoder.encode(result), as: UTF8.self) : try text()
    if !exact { text = FileName.printable(text, inJSON: json) }
    do { try StandardOutput.write(text + "\n") } catch is StandardOutput.Closed {
      // The reader has closed the pipe, and nothing remains to be done.
    }
  }
}

/// Prints a warning on standard error.
func printWarning(_ text: String) { printError("warning: \(text)") }
