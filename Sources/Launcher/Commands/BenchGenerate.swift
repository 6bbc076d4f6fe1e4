import Benchmarks
import Dist
import Files
import Model
import Training

extension Bench {
  /// `gpt1-dist bench --generate`: with a model of random weights.
  func measureGeneration(_ communicator: Communicator) throws {
    let model = try alone(communicator) {
      try config(ranks: 1)
        .model(vocabularySize: StepBenchmark.syntheticVocabulary)
    }
    let precision = try config(ranks: 1).precision.rawValue
    guard let precision = WeightPrecision(rawValue: precision) else {
      throw UsageError(
        "--precision \(precision): bench --generate measures fp32, and bf16 on any CPU")
    }
    let benchmark = try GenerationBenchmark(
      model, threads: try TrainingRun.threads(config(ranks: 1), communicator),
      generation: CachedDecoder.Use(precision: precision, samples: side.samples))
    let result = benchmark.run(rounds: side.rounds, tokens: side.tokens)
    try output.print(result, text: result.description)
  }

  /// Returns the result of `body`; throws in a job of several ranks. Collective.
  func alone<Result>(_ communicator: Communicator, _ body: () throws -> Result) throws -> Result {
    try communicator.together {
      guard communicator.size == 1 else {
        throw UsageError(
          "bench --\(subject.name) measures one process: start it without mpirun")
      }
      return try body()
    }
  }
}
