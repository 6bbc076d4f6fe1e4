import Files
import ArgumentParser
import Console
import Data
import Training

/// `gpt1-dist prepare`
struct Prepare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert text to a tokenizer and token files.",
    discussion: """
      Text is standardised as OpenAI did, lower-cased, cut into words and encoded with byte pairs: learned from the \
      text (--train-bpe) or loaded (--tokenizer). The folder DATA appears whole or not at all.
      """)

  @Option(
    name: .long, parsing: .upToNextOption,
    help: ArgumentHelp("UTF-8 text files, or folders of *.txt.", valueName: "path"))
  var input: [String]

  @Option(
    help: ArgumentHelp(
      "Take the text from this field of each object: --input is JSON Lines files, or folders of *.jsonl and *.ndjson.",
      valueName: "name"))
  var field: String?

  @Option(help: ArgumentHelp("Learn this many merges from the text.", valueName: "merges"))
  var trainBpe: Int?

  @Option(
    help: ArgumentHelp(
      "A folder with vocab.json and merges.txt, or OpenAI's encoder_bpe_40000.json and vocab_40000.bpe.",
      valueName: "dir"))
  var tokenizer: String?

  @Option(help: "The folder to write.")
  var out: String

  @Option(help: "The share of the text that is held out for validation.")
  var validationFraction = 0.01

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if (trainBpe == nil) == (tokenizer == nil) {
      throw ValidationError("give one of --train-bpe MERGES and --tokenizer DIR")
    }
    if let trainBpe, !(1...1_000_000 ~= trainBpe) {
      throw ValidationError("--train-bpe \(trainBpe): expected a number from 1 to 1000000")
    }
    if !(0...0.5 ~= validationFraction) {
      throw ValidationError(
        "--validation-fraction \(validationFraction): expected a number from 0 to 0.5")
    }
    if field == "" { throw ValidationError("--field is empty: give the name of a field") }
    if input.isEmpty { throw ValidationError("--input is empty: give a file or folder") }
  }

  func run() throws {
    var config = PrepareConfig(
      inputs: input, tokenizer: trainBpe.map { .train(merges: $0) } ?? .load(folder: tokenizer!),
      out: out)
    config.field = field
    config.validationFraction = validationFraction
    config.threads = threads.count
    let info = try Preparation.run(config, progress: printError)
    for warning in info.warnings { printWarning(warning) }
    try output.print(
      info,
      text: """
        \(out): \(grouped(info.train.tokens)) training and \(grouped(info.validation.tokens)) \
        validation tokens of \(grouped(info.inputBytes)) bytes, vocabulary \
        \(grouped(info.vocabularySize)); \(info.unknownDescription)
        """)
  }
}
