import ArgumentParser
import Foundation

/// The threads of a subcommand that runs in one process.
struct ThreadOptions: ParsableArguments {
  @Option(help: "Threads; all CPUs of this machine if not given.")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...4_096 ~= threads) {
      throw ValidationError("--threads \(threads): expected a number from 1 to 4096")
    }
  }

  var count: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }
}
