import ArgumentParser
import Configuration
import Training

/// The subjects of `bench`.
enum BenchSubject: String, EnumerableFlag {
  case steps, generate, collectives, tokenizer

  static func help(for value: BenchSubject) -> ArgumentHelp? {
    switch value {
    case .steps: "Whole training steps (default)."
    case .generate:
      "Generation against a pure read of the weights; scoring against training's forward pass."
    case .collectives: "MPI_Allreduce of a gradient, by the size of a call; under mpirun."
    case .tokenizer: "Encoding on one thread and on all, and the whole of prepare."
    }
  }

  static func name(for value: BenchSubject) -> NameSpecification {
    value == .steps ? .customLong("training-steps") : .customLong(value.rawValue)
  }
}

/// The subject of `bench` and the preset of its model.
struct SubjectOptions: ParsableArguments {
  @Flag var measured = BenchSubject.steps
  @Option(help: "gpt1 (the paper's model), mini or debug.")
  var preset = RunConfig.Preset.gpt1

  var name: String { measured.rawValue }
}

/// The options for measuring subjects other than steps.
struct SideOptions: ParsableArguments {
  @Option(
    help: "With --generate, --collectives and --tokenizer: rounds of measurements.")
  var rounds = 3
  @Option(help: "With --generate: tokens that a round generates, at most half the context.")
  var tokens = 64
  @Option(help: "With --generate: sequences that are generated as one batch.")
  var samples = 1
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "With --tokenizer: UTF-8 texts, instead of a made-up one.", valueName: "file"))
  var input: [String] = []
  @Option(help: "With --tokenizer: the size of the made-up text, in 10⁶ bytes.")
  var megabytes = 8
  @Option(help: "With --tokenizer: merges that are learned from the text.")
  var merges = 8_000

  func validate() throws {
    let limits = [
      ("rounds", rounds, 10_000), ("tokens", tokens, 1_000_000), ("samples", samples, 4_096),
      ("megabytes", megabytes, 1_000),
      ("merges", merges, 1_000_000),
    ]
    for (name, value, largest) in limits where !(1...largest ~= value) {
      throw ValidationError("--\(name) \(value): expected a number from 1 to \(largest)")
    }
  }
}

/// The options for measuring training steps.
struct StepOptions: ParsableArguments {
  @Option(help: "Steps to measure: not the steps of a run.")
  var steps = 5
  @Option(help: "Steps before them, which are not measured: not the warm-up of the learning rate.")
  var warmUp = 2
  @Option(help: ArgumentHelp("Write a trace for Perfetto or chrome://tracing.", valueName: "json"))
  var trace: String?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Simulate the step with these numbers of threads, from the measured times of its tiles.",
      valueName: "threads"))
  var simulateThreads: [Int] = []

  func validate() throws {
    if !(1...100_000 ~= steps) {
      throw ValidationError("--steps \(steps): expected a number from 1 to 100000")
    }
    if !(0...100_000 ~= warmUp) {
      throw ValidationError("--warm-up \(warmUp): expected a number from 0 to 100000")
    }
    for threads in simulateThreads where !(1...4_096 ~= threads) {
      throw ValidationError("--simulate-threads \(threads): expected numbers from 1 to 4096")
    }
  }
}
