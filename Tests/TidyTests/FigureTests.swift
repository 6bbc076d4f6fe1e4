import Foundation
import TestSupport
import Testing

/// README's figures are those of the pages in cluster/benchmarks/results, which `cluster/benchmarks/figures` compares.
@Suite(.enabled(if: Command.isInstalled("python3"), "python3 is not installed: cluster/setup"))
struct FigureTests {
  private static let results = "cluster/benchmarks/results"

  /// Checks README and the pages in `folder`.
  private func check(_ folder: String) throws -> Command.Outcome {
    try Command(
      [
        "env", "PYTHONDONTWRITEBYTECODE=1", "python3",
        "\(Repository.path)/cluster/benchmarks/figures", "--check", "--readme",
        "\(folder)/README.md", "--results", "\(folder)/\(Self.results)",
      ], folder: folder
    ).run()
  }

  /// A peer that aborts every second time it is started, and one that always does.
  @Test func aPeerThatCrashesIsRunAgainAndReported() throws {
    let script = """
      import importlib.util, importlib.machinery, json, sys
      sys.path.insert(0, "\(Repository.path)/cluster/benchmarks")
      loader = importlib.machinery.SourceFileLoader("page", "\(Repository.path)/cluster/benchmarks/against-pytorch")
      page = importlib.util.module_from_spec(importlib.util.spec_from_loader("page", loader))
      loader.exec_module(page)
      echo = "echo '" + json.dumps({"tokensPerSecond": 2, "peakBytes": 1, "bytesResident": 1}) + "'"
      flaky = f'if [ -e crashed ]; then rm crashed; {echo}; else touch crashed; kill -ABRT $$; fi'
      def contestant(name, is_peer, text):
          return name, is_peer, (["sh", "-c", "cd \\"$FOLDER\\"; " + text], {"FOLDER": sys.argv[1]})
      runs = [contestant("peer", True, flaky), contestant("own", False, echo)]
      results, crashes = page.report.measure(2, runs)
      print({name: len(all) for name, all in results.items()}, crashes)
      print(page.section("mini fp32", runs, results, crashes))
      page.report.measure(1, [contestant("lost", True, "exit 7")])
      """
    try withTemporaryFolder { folder in
      let outcome = try Command(
        [
          "env", "PYTHONDONTWRITEBYTECODE=1", "python3", "-c", script,
          folder,
        ], folder: folder
      ).run()
      #expect(outcome.status == 1)
      #expect(outcome.output.contains("{'peer': 2, 'own': 2}"), "\(outcome.output)")
      #expect(
        outcome.output.contains(
          "Repeated, since PyTorch crashed: peer, round 1: exit status -6; peer, round 2: exit status -6."
        ))
      #expect(outcome.errors.contains("lost crashed 3 times in a row"), "\(outcome.errors)")
    }
  }

  @Test func readmeQuotesThePages() throws {
    let outcome = try check(Repository.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  /// A copy of README and of a page in which `change` replaces some text.
  private func checkCopy(
    of name: String, _ change: (String) -> String
  ) throws -> Command.Outcome {
    try withTemporaryFolder { folder in
      let pages = try Repository.paths(below: Self.results)
      try #require(pages.count >= 3)
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(Self.results)", withIntermediateDirectories: true)
      var changed = 0
      for path in ["README.md"] + pages {
        let text = try text(of: "\(Repository.path)/\(path)")
        let isMeant = path.contains(name)
        if isMeant, change(text) != text { changed += 1 }
        try (isMeant ? change(text) : text).write(
          toFile: "\(folder)/\(path)", atomically: true, encoding: .utf8)
      }
      try #require(changed > 0)
      return try check(folder)
    }
  }

  @Test(arguments: ["README.md", "step-gpt1-fp32_"]) func anotherFigureIsFound(file: String) throws
  {
    let outcome = try checkCopy(of: file) { text in
      let figure = text.firstMatch(of: /([0-9.]+) tokens\/s|tokens per second: ([0-9.]+)/)
      guard let number = figure?.1 ?? figure?.2 else { return text }
      return text.replacing(number, with: "99999.9")
    }
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("README.md: the table of figures differs"))
  }

  @Test(arguments: [
    ("- rounds: 3", "- rounds: 2", "has 2 rounds"),
    ("- commit: ", "- commit: with changes ", "is not a clean commit"),
    ("); Swift", "-modified); Swift", "sources differed from the commit"),
    ("- command: ", "- line: ", "names no command"),
  ]) func aPageThatCannotBeTrustedIsFound(old: String, new: String, problem: String) throws {
    let outcome = try checkCopy(of: "tokenizer_") { $0.replacing(old, with: new) }
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(problem), "\(outcome.errors)")
  }
}
