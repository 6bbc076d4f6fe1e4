import Foundation
import Launcher
import Preflight
import TestSupport
import Testing

extension SmallRuns {
  /// The versions of the program and its libraries, against the words of git, of the compiler and of the libraries' packages.
  @Suite(.serialized) struct VersionTests {
    /// A command's output, trimmed; nil where it fails.
    private func output(_ command: [String]) throws -> String? {
      let outcome = try Command(command, folder: Repository.path).run()
      return outcome.status == 0
        ? outcome.output.trimmingCharacters(in: .whitespacesAndNewlines) : nil
    }

    /// The first version number in a command's output.
    private func number(_ command: [String]) throws -> String {
      let text = try #require(try output(command))
      return try #require(text.firstMatch(of: /[0-9]+\.[0-9]+(?:\.[0-9]+)?/).map { String($0.0) })
    }

    @Test func everyVersionIsThatOfItsSource() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        let outcome = try sandbox.succeed("--version")
        #expect(outcome.errors == "")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        try #require(lines.count == 6)
        let head = try #require(
          lines[0].wholeMatch(of: /gpt1-dist (\S+) \(commit ([0-9a-f]{40})?(-modified|unknown)?\)/))
        #expect(String(head.1) == Versions.release)
        let commit =
          try FileManager.default.fileExists(atPath: Repository.path + "/.git")
          ? output(["git", "rev-parse", "HEAD"]) : nil
        #expect(head.2.map(String.init) == commit)
        let modified = try commit.flatMap { _ in
          try output(["git", "status", "--porcelain", "--", "Sources", "Plugins", "Package.swift"])
        }
        #expect(head.3 == (commit == nil ? "unknown" : modified == "" ? nil : "-modified"))
        #expect(lines[1] == "Swift \(try number(["swift", "--version"]))")
        #expect(lines[2] == "Open MPI v\(try number(["mpirun", "--version"]))")
        let openBLAS = try number(["pkg-config", "--modversion", "openblas"])
        #expect(lines[3].hasPrefix("OpenBLAS \(openBLAS) with kernels for "))
        let oneDNN = try number(["dpkg-query", "--show", "--showformat", "${Version}", "libdnnl2"])
        #expect(lines[4].hasPrefix("oneDNN \(oneDNN) with "))
        let engine = lines[4].contains(" with AVX512") ? "onednn" : "openblas"
        #expect(lines[5] == "engine of fp32 matrix products: \(engine)")
      }
    }

    @Test func onlyOneRankPrintsThem() throws {
      try withTemporaryFolder { folder in
        let outcome = try Sandbox(folder: folder).succeed("--version", ranks: 2)
        #expect(outcome.output.split(separator: "\n").count == 6)
      }
    }

    /// OpenBLAS is told to take kernels that are not its choice here.
    @Test func theKernelsAreThoseInUse() throws {
      try withTemporaryFolder { folder in
        let outcome = try Sandbox(folder: folder).shell(
          "$0 --version", under: ["env", "OPENBLAS_CORETYPE=Prescott"])
        #expect(outcome.output.contains("with kernels for Prescott\n"), "\(outcome.errors)")
      }
    }

    @Test func theChangelogBeginsWithTheRelease() throws {
      let text = try TestSupport.text(of: Repository.path + "/CHANGELOG.md")
      let heading = text.split(separator: "\n").first { $0.hasPrefix("## ") }
      #expect(heading?.contains(Versions.release) == true)
    }

    /// Every start of a run, in its log, in `metrics.jsonl` and in its checkpoints.
    @Test func aRunRecordsThem() throws {
      struct Line: Decodable {
        let type: String
        let step: Int
        let ranks: Int?
        let versions: Versions?
      }
      struct State: Decodable { let versions: Versions }
      try Sandbox.with { sandbox in
        let printed = try sandbox.succeed("--version").output.split(separator: "\n")
          .joined(separator: ", ")
        for (steps, start) in [(4, 0), (8, 4)] {
          let outcome = try sandbox.succeed("\(Sandbox.pretrain) --out run --steps \(steps)")
          #expect(outcome.errors.contains(printed + "\n"))
          let starts = try sandbox.jsonLines(Line.self, in: "run/metrics.jsonl").filter {
            $0.type == "start"
          }
          #expect(starts.last?.step == start)
          let versions = try #require(starts.last?.versions)
          #expect(versions.line == printed)
          #expect(starts.last?.ranks == 1)
          let folder = sandbox.checkpoint(steps, of: "run")
          #expect(try sandbox.json(State.self, in: "\(folder)/trainer.json").versions == versions)
        }
        let steps = try sandbox.jsonLines(Line.self, in: "run/metrics.jsonl").filter {
          $0.type == "start"
        }.map(\.step)
        #expect(steps == [0, 4])
      }
    }
  }
}
