import ArgumentParser
import Console
import Data
import Files
import Foundation
import Inference
import Preflight
import Storage
import Tokenization
import Training

/// `gpt1-dist score`
struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the loss of a model on a text or on token ids.",
    discussion: """
      The mean of −log P(token | those before it) over all tokens but each sequence's first, in \
      nats: Hugging Face's loss with labels = input ids. Sequences longer than the context are scored \
      in consecutive pieces.
      """)

  @Option(help: "A model folder, or a run directory: its best model or newest checkpoint.")
  var model: String
  @Option(help: "A UTF-8 text: one sequence.")
  var textFile: String?
  @Option(
    help: ArgumentHelp(
      "Read --text-file as JSON Lines: this field of each object is one sequence.",
      valueName: "name")
  )
  var field: String?
  @Option(help: "A JSON file: a list of token ids, or a list of such lists.")
  var tokenFile: String?
  @Flag(help: "Also print the log-probability of every token.")
  var logProbabilities = false
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if (textFile == nil) == (tokenFile == nil) {
      throw ValidationError("give one of --text-file and --token-file")
    }
    if field == "" { throw ValidationError("--field is empty: give the name of a field") }
    if field != nil, textFile == nil { throw ValidationError("--field needs --text-file") }
  }

  /// The JSON result. `logProbabilities` has the form of the input: a list, or a list of lists.
  private struct Result: Encodable {
    let tokens: Int
    let loss: Double
    let perplexity: Double
    /// The number of unknown tokens in the text; nil for token ids.
    let unknownTokens: Int?
    let unknownShare: Double?
    let logProbabilities: Nested<Double>?
  }

  func run() throws {
    let check = MemoryCheck.scoring(threads: threads.count)
    let sequences: Nested<Int32>
    let path = textFile ?? tokenFile ?? ""
    let scoring: Scoring
    var unknown: UnknownTokens?
    if let textFile {
      let (state, tokenizer) = try ModelFolder.open(model, check: check, report: printError)
      var found = UnknownTokens()
      if let field {
        let texts = try JSONLinesText(field: field).texts(of: textFile)
        sequences = .many(texts.map { tokenizer.encode($0, counting: &found) })
      } else {
        let text = try TextFile.text(of: textFile, for: .prose, tell: printWarning)
        sequences = .one(tokenizer.encode(text, counting: &found))
      }
      if let warning = found.warning { printWarning(warning) }
      unknown = found
      scoring = Scoring(state, threads: threads.count)
    } else {
      sequences = try JSONFile.read(Nested<Int32>.self, from: path)
      let state = try ModelFolder.openWithoutTokenizer(model, check: check, report: printError)
      let ids = 0..<Int32(state.config.vocabularySize)
      if let id = sequences.lists.joined().first(where: { !ids.contains($0) }) {
        throw InputError("token id \(id) is outside the model's vocabulary \(ids)", path: path)
      }
      scoring = Scoring(state, threads: threads.count)
    }
    let scores = sequences.replacing(with: scoring.logProbabilities(sequences.lists))
    let all = scores.lists.flatMap { $0 }
    guard !all.isEmpty else {
      throw InputError(
        "holds nothing to score: a sequence of at least two tokens is needed", path: path)
    }
    let loss = -all.reduce(0, +) / Double(all.count)
    let result = Result(
      tokens: all.count, loss: loss, perplexity: Foundation.exp(loss),
      unknownTokens: unknown?.unknown, unknownShare: unknown?.share,
      logProbabilities: logProbabilities ? scores : nil)
    var text =
      "tokens \(result.tokens)  loss \(lossText(loss))  perplexity \(lossText(result.perplexity))"
    if let unknown { text += "  \(unknown.description)" }
    if logProbabilities { text += "\n" + all.map { "\($0)" }.joined(separator: "\n") }
    try output.print(result, text: text)
  }
}

/// A list, or a list of lists.
enum Nested<Element: Codable>: Codable {
  case one([Element])
  case many([[Element]])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let lists = try? container.decode([[Element]].self) {
      self = .many(lists)
    } else {
      self = .one(try container.decode([Element].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .one(let list): try container.encode(list)
    case .many(let lists): try container.encode(lists)
    }
  }

  var lists: [[Element]] {
    switch self {
    case .one(let list): [list]
    case .many(let lists): lists
    }
  }

  /// Returns other lists, as many as in `self.lists`, in the same form.
  func replacing<Other: Codable>(with lists: [[Other]]) -> Nested<Other> {
    switch self {
    case .one: .one(lists[0])
    case .many: .many(lists)
    }
  }
}
