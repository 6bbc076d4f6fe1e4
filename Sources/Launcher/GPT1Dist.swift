import ArgumentParser
import Console
import Dist
import Files
import Foundation
import Preflight
import Training

/// `gpt1-dist SUBCOMMAND`: parses, validates and calls Training.
package struct GPT1Dist: ParsableCommand {
  package init() {}

  package static let configuration = CommandConfiguration(
    commandName: "gpt1-dist",
    abstract: "Train GPT-1 (Radford et al. 2018) on CPU clusters over MPI.",
    discussion: """
      Exit status: 0 done, 1 failure, 2 wrong usage, 75 stopped on request with a checkpoint, or \
      stalled: run the same command again.
      """,
    version: Versions.ofThisProgram.description,
    subcommands: [
      Prepare.self, Pretrain.self, Finetune.self, Evaluate.self, Tasks.self, Score.self,
      Generate.self, Encode.self, Decode.self, Verify.self, Bench.self, Doctor.self, Replay.self,
      ConfigDocs.self,
    ])

  /// The subcommands with flags for keys of the configuration.
  package static var keyedCommands: [any KeyedCommand.Type] {
    configuration.subcommands.compactMap { $0 as? any KeyedCommand.Type }
  }
}

extension Versions {
  /// The program's release; CHANGELOG.md begins with it.
  package static let release = "0.1.0-dev"

  /// The versions in this process.
  static var ofThisProgram: Versions {
    Versions(program: release, commit: BuildFacts.commit, swift: BuildFacts.swift)
  }
}

/// The entry point of the program.
@main
enum Program {
  /// Runs the program. Every error becomes one line on standard error and an exit status.
  static func main() {
    let endsByClosedPipe = StandardOutput.ignoreClosedPipes()
    do {
      if let missing = Processor.missingFeature {
        throw UsageError(
          "this CPU has no \(missing), but the program was built for x86-64-v3 (AVX2 and FMA)")
      }
      try run()
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch is StandardOutput.Closed {
      if endsByClosedPipe { StandardOutput.endByClosedPipe() }
    } catch {
      let isParserError = GPT1Dist.exitCode(for: error) != .failure
      // All ranks see the same wrong command line; the first one reports it.
      if Processor.isFirstRank {
        let text =
          isParserError
          ? Suggestions.improve(GPT1Dist.fullMessage(for: error), for: FileName.arguments())
          : "gpt1-dist: \(error)"
        StandardError.write(text + "\n")
      }
      exit(isParserError || error is UsageError ? 2 : 1)
    }
  }

  /// Runs the subcommand, or prints the help that was asked for.
  private static func run() throws {
    do {
      let words = ArgumentList.joined(FileName.arguments())
      try Suggestions.checkSubcommand(words)
      var command = try GPT1Dist.parseAsRoot(words)
      try command.run()
    } catch let code as ExitCode {
      throw code
    } catch  where GPT1Dist.exitCode(for: error).isSuccess {
      if Processor.isFirstRank {
        try StandardOutput.write(GPT1Dist.fullMessage(for: error) + "\n")
      }
    }
  }
}

/// Facts about the process that are needed before anything else runs.
enum Processor {
  /// An instruction set that this build needs and the CPU lacks; nil if there is none.
  static var missingFeature: String? {
    #if arch(x86_64) && os(Linux)
      let instructions = SystemFiles().instructions
      return instructions.isEmpty ? nil : ["avx2", "fma"].first { !instructions.contains($0) }
    #else
      return nil
    #endif
  }

  /// True for the rank that prints messages that all ranks would print; also true without a launcher.
  static var isFirstRank: Bool {
    Launch(environment: ProcessInfo.processInfo.environment).index == 0
  }
}
