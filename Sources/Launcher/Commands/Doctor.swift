import ArgumentParser
import Configuration
import Diagnostics
import Dist
import Files
import Foundation
import Training

/// `gpt1-dist doctor`
package struct Doctor: KeyedCommand {
  package static let configuration = CommandConfiguration(
    abstract: "Check these nodes and ranks before a run: what is wrong and what to do about it.",
    discussion: """
      Start it the way the run will be started: by itself, under mpirun, or under srun, with the flags of the run. It leaves no files behind. Exit \
      status 1 if a run would fail or compute wrong results; 0 if all is well or the run would only be slow.
      """)

  @OptionGroup(title: "Configuration") var source: SourceOptions
  @OptionGroup var keys: KeyOptions<Doctor>
  @Flag(help: "Measure longer, with whole micro-batches and gradients.")
  var thorough = false
  @OptionGroup(title: KeyInfo.Group.output.rawValue) var output: OutputOptions

  package static let kind: RunConfig.Kind? = .pretraining
  package static func takes(_ key: KeyInfo) -> Bool { key.kinds.contains(.pretraining) }
  package static func missing(_ key: KeyInfo) -> String? {
    key.name == RunConfig.table.data.name ? "none: the data are not checked" : nil
  }

  private func config() throws(UsageError) -> RunConfig {
    try source.resolve(.pretraining, keys.given)
  }

  package func values(ranks: Int) throws -> [String: String] { try config().scalars }

  package init() {}

  package func run() throws {
    let launch = Launch(environment: ProcessInfo.processInfo.environment)
    let status = MPI.run(status: { $0 is UsageError ? 2 : 1 }) { communicator in
      let config = try communicator.together { try self.config() }
      let report = try Diagnostics.Doctor(
        config, preset: source.preset ?? .gpt1, usesData: keys.value(\.data) != nil,
        thorough: thorough, launch: launch,
        communicator: communicator
      ).run()
      // Processes that do not see each other would all print a report.
      if communicator.isRoot, communicator.size > 1 || launch.index == 0 {
        try output.print(report, text: report.description)
      }
      return report.isSound ? 0 : 1
    }
    throw ExitCode(status)
  }
}
