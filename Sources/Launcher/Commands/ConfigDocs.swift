import ArgumentParser
import Configuration
import Console
import Files
import Training

/// `gpt1-dist config-docs`
struct ConfigDocs: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config-docs",
    abstract: "Print docs/CONFIG.md, the list of all keys of the configuration.",
    shouldDisplay: false)

  func run() throws {
    try StandardOutput.write(ConfigDocument.text)
  }
}
