import Benchmarks
import Dist
import Files
import Model
import Training

extension Bench {
  /// `gpt1-dist bench --collectives`: the gradient of the preset's model, on all ranks of mpirun or srun.
  func measureCollectives(_ communicator: Communicator) throws {
    let count = try communicator.together {
      guard communicator.size > 1 else {
        throw UsageError(
          "bench --collectives measures what ranks do together: start it under mpirun with two or "
            + "more")
      }
      return ParameterTable(
        try config(ranks: communicator.size)
          .model(vocabularySize: StepBenchmark.syntheticVocabulary)
      ).count
    }
    try communicator.agree(
      on: "\(count) \(side.rounds)", what: "the model and --rounds", status: 2)
    let result = try CollectiveBenchmark(count: count, communicator: communicator)
      .run(rounds: side.rounds)
    try communicator.onRoot { try output.print(result, text: result.description) }
  }
}
