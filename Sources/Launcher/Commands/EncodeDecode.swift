import ArgumentParser
import Console
import Data
import Files
import Tokenization
import Training

/// `gpt1-dist encode`
struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Encode lines of text from standard input as lines of token ids.")

  @Option(help: "A folder with a tokenizer.")
  var tokenizer: String
  @OptionGroup var output: OutputOptions

  private struct Result: Encodable { let ids: [[Int32]] }

  func run() throws {
    let tokenizer = try Tokenizer.load(folder: tokenizer)
    var all: [[Int32]] = []
    var unknown = UnknownTokens()
    let lines = OutputLines()
    try TextInput.forEachLine(for: .prose, tell: printWarning) { line, _ in
      let ids = tokenizer.encode(line, counting: &unknown)
      if output.json {
        all.append(ids)
      } else {
        try lines.write(ids.map { "\($0)" }.joined(separator: " "))
      }
    }
    try lines.flush()
    if let warning = unknown.warning { printWarning(warning) }
    if output.json { try output.print(Result(ids: all), text: "") }
  }
}

/// `gpt1-dist decode`
struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Decode lines of token ids from standard input to lines of text.")

  @Option(help: "A folder with a tokenizer.")
  var tokenizer: String
  @OptionGroup var output: OutputOptions

  private struct Result: Encodable { let text: [String] }

  func run() throws {
    let tokenizer = try Tokenizer.load(folder: tokenizer)
    var all: [String] = []
    let lines = OutputLines()
    try TextInput.forEachLine(tell: printWarning) { line, number in
      let ids = try line.split(whereSeparator: \.isWhitespace).map { word in
        guard let id = Int32(word), tokenizer.piece(id) != nil else {
          throw InputError(
            "`\(word)` is not a token id: expected numbers below \(tokenizer.vocabularySize)",
            path: "standard input", line: number)
        }
        return id
      }
      let text = tokenizer.decode(ids)
      if output.json { all.append(text) } else { try lines.write(text) }
    }
    try lines.flush()
    if output.json { try output.print(Result(text: all), exact: true, text: "") }
  }
}
