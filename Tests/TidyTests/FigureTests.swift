import Foundation
import TestSupport
import Testing

/// README's figures are those of the pages in cluster/benchmarks/results, which `cluster/benchmarks/figures` compares.
@Suite(.enabled(if: Command.isInstalled("python3"), "python3 is not installed: cluster/setup"))
struct FigureTests {
  private static let results = "cluster/benchmarks/results"

  /// Writes README's table of figures from the pages in `folder`, or checks it.
  private func figures(_ folder: String, check: Bool = true) throws -> Command.Outcome {
    let script = "\(Repository.path)/cluster/benchmarks/figures"
    return try Command(
      ["env", "PYTHONDONTWRITEBYTECODE=1", "python3", script] + (check ? ["--check"] : []) + [
        "--readme", "\(folder)/README.md", "--results", "\(folder)/\(Self.results)",
      ], folder: folder
    ).run()
  }

  /// Runs a Python script that finds a script of cluster/benchmarks as the module `page`; its argument is `folder`.
  private func run(
    _ script: String, with page: String, in folder: String
  ) throws -> Command.Outcome {
    let benchmarks = "\(Repository.path)/cluster/benchmarks"
    let beginning = """
      import importlib.util, importlib.machinery, json, sys
      sys.path.insert(0, "\(benchmarks)")
      loader = importlib.machinery.SourceFileLoader("page", "\(benchmarks)/\(page)")
      page = importlib.util.module_from_spec(importlib.util.spec_from_loader("page", loader))
      loader.exec_module(page)

      """
    return try Command(
      ["env", "PYTHONDONTWRITEBYTECODE=1", "python3", "-c", beginning + script, folder],
      folder: folder
    ).run()
  }

  /// A peer that aborts every second time it is started, and one that always does.
  @Test func aPeerThatCrashesIsRunAgainAndReported() throws {
    let script = """
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
      let outcome = try run(script, with: "against-pytorch", in: folder)
      #expect(outcome.status == 1)
      #expect(outcome.output.contains("{'peer': 2, 'own': 2}"), "\(outcome.output)")
      #expect(
        outcome.output.contains(
          "Repeated, since PyTorch crashed: peer, round 1: exit status -6; peer, round 2: exit status -6."
        ))
      #expect(outcome.errors.contains("lost crashed 3 times in a row"), "\(outcome.errors)")
    }
  }

  /// A Trainer of 10 examples per second that aborts every second time it is started.
  private static let trainer = """
    #!/bin/sh
    case "$*" in
      -c*) echo 2.0 5.0; exit ;;
      *--select*) echo '{"steps": 2, "meanTokens": 20, "meanTokensOfAll": 21}'; exit ;;
    esac
    crashed=$(dirname "$0")/crashed
    if [ ! -e "$crashed" ]; then touch "$crashed"; kill -ABRT $$; fi
    rm "$crashed"
    echo '{"examplesPerSecond": 10, "examples": 64, "tokens": 1280}'
    """

  /// A gpt1-dist with steps of 2 seconds, or of 4 with λ > 0, which evaluates for a minute between its two passes of 2 steps.
  private static let program = """
    #!/usr/bin/env python3
    import json, os, sys
    if "--version" in sys.argv:
        sys.exit(print("gpt1-dist 1.0"))
    value = lambda flag: sys.argv[sys.argv.index(flag) + 1]
    seconds = 4 if float(value("--lm-coefficient")) else 2
    os.mkdir(value("--out"))
    with open(value("--out") + "/metrics.jsonl", "w") as file:
        for step in range(1, 5):
            time = step * seconds + (60 if step > 2 else 0)
            line = {"type": "step", "tokens": 640 * step, "tokensPerSecond": 640 / seconds, "time": time}
            print(json.dumps(line), file=file)
            print(json.dumps({"type": "validation"}), file=file)
    """

  @Test func fineTuningIsMeasuredWithoutEvaluationBesideTheTrainer() throws {
    let script = """
      import os, shutil
      folder = sys.argv[1]
      for name in ("trainer", "gpt1-dist"):
          shutil.copyfile(f"{folder}/{name}.text", f"{folder}/{name}")
          os.chmod(f"{folder}/{name}", 0o755)
      page.report.python = lambda *_: folder + "/trainer"
      page.report.program = page.report.program_path = lambda: folder + "/gpt1-dist"
      page.report.mpirun = lambda _: []
      page.report.has_bf16 = lambda: False
      sys.argv[1:] = f"--sst2 {folder} --bpe {folder} --models gpt1 --rounds 2 --out {folder}/out".split()
      page.main()
      """
    try withTemporaryFolder { folder in
      // A file that this process has open for writing may be open in the child of another test too, and could not be executed then: the
      // script makes the programs.
      for (name, text) in [("trainer", Self.trainer), ("gpt1-dist", Self.program)] {
        try text.write(toFile: "\(folder)/\(name).text", atomically: true, encoding: .utf8)
      }
      for name in ["encoder_bpe_40000.json", "vocab_40000.bpe"] {
        try "".write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
      }
      let outcome = try run(script, with: "against-trainer", in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let page = try #require(
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/out").first)
      #expect(page.hasPrefix("trainer_"))
      let text = try text(of: "\(folder)/out/\(page)")
      for ranks in ["1 rank", "2 ranks"] {
        // 64 examples in 4 s are 16 per second, 1.6 times the Trainer's 10.
        #expect(text.contains("- gpt1 sst2 fp32, \(ranks): 1.60\n"), "\(text)")
        #expect(
          text.contains("- gpt1 sst2 fp32, \(ranks), time of λ = 0.5 relative to λ = 0: 2.00\n"))
      }
      #expect(text.contains("Repeated, since the Trainer crashed: "))
      #expect(text.contains("gpt1, bf16: skipped, this CPU has neither AVX512_BF16 nor AMX."))
      #expect(!text.contains(folder), "a path of this machine: \(text)")
    }
  }

  @Test func readmeQuotesThePages() throws {
    let outcome = try figures(Repository.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test func theTrainersPageIsQuotedWhereThereIsOne() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(Self.results)", withIntermediateDirectories: true)
      for path in ["README.md"] + (try Repository.paths(below: Self.results)) {
        // The page of PyTorch serves as one of the Trainer too.
        let text = try text(of: "\(Repository.path)/\(path)")
        try text.write(toFile: "\(folder)/\(path)", atomically: true, encoding: .utf8)
        guard path.contains("/pytorch_") else { continue }
        let figures = ["sst2", "rte"].flatMap { task in
          ["1 rank", "2 ranks"].map { "- gpt1 \(task) fp32, \($0): 98.7" }
        }
        try (text + "- transformers: 5.0\n" + figures.joined(separator: "\n") + "\n").write(
          toFile: "\(folder)/\(path.replacing("/pytorch_", with: "/trainer_"))", atomically: true,
          encoding: .utf8)
      }
      #expect(try figures(folder).errors.contains("README.md: the table of figures differs"))
      #expect(try figures(folder, check: false).status == 0)
      let readme = try text(of: "\(folder)/README.md")
      #expect(readme.contains("the Trainer of transformers 5.0"))
      #expect(readme.contains("RTE: 98.7 with 1 rank and 98.7 with 2 ranks"))
      #expect(try figures(folder).status == 0)
    }
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
      return try figures(folder)
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
