import ArgumentParser

/// What `bench` measures.
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

/// How the other subjects than steps are measured.
struct SideOptions: ParsableArguments {
  @Option(
    help: "How often --generate, --collectives and --tokenizer repeat each measurement.")
  var rounds = 3
  @Option(help: "With --generate: tokens that a round generates, at most half the context.")
  var tokens = 64
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
      ("rounds", rounds, 10_000), ("tokens", tokens, 1_000_000), ("megabytes", megabytes, 1_000),
      ("merges", merges, 1_000_000),
    ]
    for (name, value, largest) in limits where !(1...largest ~= value) {
      throw ValidationError("--\(name) \(value): expected a number from 1 to \(largest)")
    }
  }
}
