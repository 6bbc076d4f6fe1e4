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
    discussion: """
      The same model, prompt, options and seed give the same text. --precision bf16 rounds the matrices of weights to bf16 once, \
      when they are loaded: a token then reads half as many bytes, on any CPU. \
      Logits differ slightly from those in fp32, so the text can differ too.
      """)

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
  @Option(
    help:
      "Continue the text this many times, as one batch; sample k has the text that --seed plus k gives alone."
  )
  var samples = 1
  @Option(
    help:
      "Format of the weights: fp32, or bf16, which is faster; logits then differ slightly from those in fp32."
  )
  var precision = WeightPrecision.fp32
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
    if !(1...Self.mostSamples ~= samples) {
      throw ValidationError(
        "--samples \(samples): expected a number from 1 to \(Self.mostSamples)")
    }
  }

  /// So small that no size overflows; memory allows far fewer.
  private static let mostSamples = 4_096

  /// The JSON result: with one sample its text and tokens, with several a list of them.
  private struct Result: Encodable {
    let prompt: String
    let promptTokens: [Int32]
    var text: String?
    var tokens: [Int32]?
    var samples: [Sample]?
  }

  private struct Sample: Encodable {
    let seed: UInt64
    let text: String
    let tokens: [Int32]
  }

  func run() throws {
    let prompt: String
    do throws(InputError) { prompt = try TextArgument.text(self.prompt, of: "--prompt") } catch {
      throw UsageError("\(error)")
    }
    let use = CachedDecoder.Use(precision: precision, samples: samples)
    let (state, tokenizer) = try ModelFolder.open(
      model, check: .generation(threads: threads.count, use: use), report: printError)
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
    let generation = Generation(
      state, vocabularySize: tokenizer.vocabularySize, threads: threads.count, use: use)
    var generated = [[Int32]](repeating: [], count: samples)
    generation.generate(after: encoded, count: tokens, sampling: sampling) { tokens in
      for (sample, token) in tokens.enumerated() { generated[sample].append(token) }
    }
    try present(
      generated.enumerated().map { index, tokens in
        Sample(
          seed: sampling.sample(index).seed, text: tokenizer.decode(encoded + tokens),
          tokens: tokens)
      }, prompt: prompt, encoded)
  }

  private func present(_ all: [Sample], prompt: String, _ encoded: [Int32]) throws {
    var result = Result(prompt: prompt, promptTokens: encoded)
    guard all.count > 1 else {
      (result.text, result.tokens) = (all[0].text, all[0].tokens)
      return try output.print(result, exact: true, text: all[0].text)
    }
    result.samples = all
    let texts = all.enumerated().map { index, sample in
      "=== sample \(index + 1) of \(all.count), seed \(sample.seed)\n\(sample.text)"
    }
    try output.print(result, exact: true, text: texts.joined(separator: "\n"))
  }
}

extension WeightPrecision: ExpressibleByArgument {}
