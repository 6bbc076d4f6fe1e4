import ArgumentParser
import Training

/// `gpt1-dist verify`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prove checkpoints: sizes, hashes, names and shapes of tensors, finite numbers.")

  @Argument(help: "Run directories (all their checkpoints), checkpoints, or model folders.")
  var checkpoints: [String]
  @OptionGroup var output: OutputOptions

  private struct Result: Encodable { let checkpoints: [CheckpointInspection] }

  func run() throws {
    let inspections = checkpoints.flatMap { CheckpointInspection.all(in: $0) }
    let lines = inspections.flatMap { inspection in
      inspection.problems.isEmpty
        ? [
          "\(inspection.path): good, \(grouped(inspection.parameters ?? 0)) parameters"
            + (inspection.step.map { ", step \($0)" } ?? "")
        ]
        : inspection.problems
    }
    try output.print(Result(checkpoints: inspections), text: lines.joined(separator: "\n"))
    if !inspections.allSatisfy(\.isGood) { throw ExitCode.failure }
  }
}
