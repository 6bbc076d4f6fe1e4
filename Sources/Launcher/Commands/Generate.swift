import ArgumentParser
import Console
import Data
import Files
import Foundation
import Inference
import Model
import Storage
import Tokenization
import Training

/// `gpt1-dist generate`
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue a text.",
    discussion: "The same model, prompt, options and seed give the same text.")

  @Option(help: "A model folder, or a run directory: its best model or newest checkpoint.")
  var model: String
  @Option(help: "The text to continue.")
  var prompt: String
  @Option(help: "Tokens to generate.")
  var tokens = 64
  @Option(help: "Divide the logits by this; 0 always takes the likeliest token.")
  var temperature = 1.0
  @Option(help: "Draw from the k likeliest tokens; 0 for all.")
  var topK = 0
  @Option(help: "Draw from the likeliest tokens that together reach this probability.")
  var topP = 1.0
  @Option(help: "Determines the draws.")
  var seed: UInt64 = 0
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if tokens < 0 { throw ValidationError("--tokens \(tokens): expected 0 or more") }
    if !(temperature >= 0 && temperature.isFinite) {
      throw ValidationError("--temperature \(temperature): expected 0 or more")
    }
    if topK < 0 { throw ValidationError("--top-k \(topK): expected 0 or more") }
    if !(topP > 0 && topP <= 1) {
      throw ValidationError("--top-p \(topP): expected a number above 0 and at most 1")
    }
  }

  private struct Result: Encodable {
    let prompt: String
    let text: String
    let promptTokens: [Int32]
    let tokens: [Int32]
  }

  func run() throws {
    let prompt: String
    do throws(InputError) { prompt = try TextArgument.text(self.prompt, of: "--prompt") } catch {
      throw UsageError("\(error)")
    }
    let (state, tokenizer) = try ModelFolder.open(
      model, check: .generation(threads: threads.count), report: printError)
    var unknown = UnknownTokens()
    let encoded = tokenizer.encode(prompt, counting: &unknown)
    if let warning = unknown.warning { printWarning("--prompt: \(warning)") }
    let context = state.config.context
    if encoded.count > context {
      printWarning(
        "--prompt: has \(encoded.count) tokens, but the model's context is \(context): the model does not see "
          + "the first \(encoded.count - context)")
    }
    guard !encoded.isEmpty else { throw UsageError("--prompt contains no tokens; give some text") }
    var sampling = TokenSampling()
    sampling.temperature = temperature
    sampling.topK = topK
    sampling.topP = topP
    sampling.seed = seed
    var generated: [Int32] = []
    let generation = Generation(
      state, vocabularySize: tokenizer.vocabularySize, threads: threads.count)
    generation.generate(after: encoded, count: tokens, sampling: sampling) { generated.append($0) }
    let text = tokenizer.decode(encoded + generated)
    try output.print(
      Result(prompt: prompt, text: text, promptTokens: encoded, tokens: generated), exact: true,
      text: text)
  }
}
