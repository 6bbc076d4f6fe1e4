import ArgumentParser
import Training

/// `gpt1-dist verify`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Verify checkpoints, models and datasets: sizes, hashes, names and shapes of tensors, no NaN or infinity."
  )

  @Argument(
    help:
      "Run directories (all their checkpoints and the best model), checkpoints, model folders, or datasets."
  )
  var checkpoints: [String]
  @OptionGroup var output: OutputOptions

  private struct Result: Encodable { let checkpoints: [CheckpointInspection] }

  func run() throws {
    let inspections = checkpoints.flatMap { CheckpointInspection.all(in: $0) }
    try output.print(
      Result(checkpoints: inspections),
      text: inspections.map(\.description).joined(separator: "\n"))
    if !inspections.allSatisfy(\.isGood) { throw ExitCode.failure }
  }
}
