import ArgumentParser
import Dist
import Foundation
import Training

/// `gpt1-dist doctor`
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check these nodes and ranks before a run: what is wrong and what to do about it.",
    discussion: """
      Start it the way the run will be started: by itself, under mpirun, or under srun. It leaves no files behind. Exit \
      status 1 if a run would fail or compute wrong results; 0 if all is well or the run would only be slow.
      """)

  @Option(help: "gpt1 (the paper's), mini or debug: the run to check for. (default: gpt1)")
  var preset: RunConfig.Preset?
  @Option(help: ArgumentHelp("A YAML file of keys and values, as for pretrain.", valueName: "yaml"))
  var config: String?
  @Option(help: "The folder that `prepare` wrote; checked only if given.")
  var data: String?
  @Option(help: "The run directory. (default: runs/PRESET)")
  var out: String?
  @Option(help: "How gradients are combined: allreduce, or ordered.")
  var reduce: String?
  @Option(help: "Threads of a rank; 0 for a fair share of the node's CPUs.")
  var threads: Int?
  @Flag(help: "Measure longer, with whole micro-batches and gradients.")
  var thorough = false
  @OptionGroup var output: OutputOptions

  func run() throws {
    let launch = Launch(environment: ProcessInfo.processInfo.environment)
    let status = MPI.run(status: { $0 is UsageError ? 2 : 1 }) { communicator in
      let given: [RunConfig.CodingKeys: Any?] = [
        .data: data, .out: out, .reduce: reduce, .threads: threads,
      ]
      let config = try communicator.together {
        try RunConfig.resolve(
          preset: preset, yaml: self.config,
          flags: Dictionary(
            uniqueKeysWithValues: given.compactMap { key, value in
              value.map { (key.rawValue, "\($0)") }
            }))
      }
      let report = try Training.Doctor(
        config, preset: preset ?? .gpt1, usesData: data != nil, thorough: thorough, launch: launch,
        communicator: communicator
      ).run()
      // Processes that do not see each other would all say so.
      if communicator.isRoot, communicator.size > 1 || launch.index == 0 {
        try output.print(report, text: report.description)
      }
      return report.isSound ? 0 : 1
    }
    throw ExitCode(status)
  }
}
