import Foundation
import TestSupport
import Testing

/// Messages about the program's command line.
struct CommandLineHelp: Decodable {
  struct Command: Decodable {
    let commandName: String
    let subcommands: [Command]?
    let arguments: [Argument]?
  }

  struct Argument: Decodable {
    struct Name: Decodable { let kind, name: String }

    let kind: String
    let names: [Name]?
  }

  let command: Command

  /// The subcommands, but for help.
  static func subcommands(_ sandbox: Sandbox) throws -> [Command] {
    let text = try sandbox.succeed("--experimental-dump-help").output
    let help = try json(CommandLineHelp.self, from: text)
    return (help.command.subcommands ?? []).filter { $0.commandName != "help" }
  }
}

extension SmallRuns {
  /// Every subcommand with every kind of standard stream: no trap, no lost result, no run that ends for its log.
  @Suite(.serialized) struct StreamTests {
    /// The least that every subcommand does; STATE is another word in each state.
    private static let lines = [
      "prepare": "prepare --input corpus.txt --train-bpe 5 --threads 1 --out STATE-data",
      "pretrain": Sandbox.pretrain + " --steps 1 --batch 2 --evaluate-sequences 1 --out STATE-run",
      "finetune": Sandbox.finetune("mood") + " --examples 16 --epochs 1 --out STATE-mood",
      "evaluate": "evaluate --task mood.yaml --data tasks --threads 1 --model none-mood/best",
      "tasks": "tasks",
      "score": "score --model pretrained --text-file few.txt --threads 1",
      "generate": "generate --model pretrained --prompt the --tokens 2 --threads 1",
      "encode": "encode --tokenizer data",
      "decode": "decode --tokenizer data",
      "verify": "verify pretrained",
      "bench": "bench --preset debug --threads 1 --steps 1 --warm-up 0",
      "doctor": "doctor --preset debug --threads 1",
      "replay": "replay none-run --step 1 --threads 1",
      "config-docs": "config-docs",
    ]

    private struct Case: Decodable {
      let name, state, output, errors: String
      let status: Int32
    }

    /// Runs every line of argv[2] in every state, those of `none` first.
    private static let driver = """
      import concurrent.futures, fcntl, json, os, subprocess, sys, threading, time
      program, lines = sys.argv[1], json.loads(sys.argv[2])
      def closed(*descriptors):
          return lambda: [os.close(d) for d in descriptors]
      def run(name, state):
          words = lines[name].replace('STATE', state).split()
          streams, stdin = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}, None
          if state in ('output-full', 'errors-full'):
              streams['stdout' if state == 'output-full' else 'stderr'] = open('/dev/full', 'w')
          ends = {'output-closed': [1], 'errors-closed': [2], 'all-closed': [0, 1, 2]}.get(state)
          if state == 'all-closed' and name in ('encode', 'decode'): ends = [1, 2]
          if state == 'output-waits':
              reader, writer = os.pipe()
              fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
              fcntl.fcntl(writer, 1031, 4096)
              streams['stdout'] = writer
          if name in ('encode', 'decode'): stdin = open({'encode': 'corpus.txt', 'decode': 'ids'}[name])
          process = subprocess.Popen([program] + words, stdin=stdin or subprocess.DEVNULL,
              preexec_fn=closed(*ends) if ends else None, **streams)
          if state == 'output-waits':
              os.close(writer)
              time.sleep(0.1)
              output = open(reader, 'rb').read()
              errors = process.communicate()[1]
          else: output, errors = process.communicate()
          return {'name': name, 'state': state, 'status': process.returncode,
              'output': (output or b'').decode(), 'errors': (errors or b'').decode()}
      states = ['output-full', 'output-closed', 'errors-full', 'errors-closed', 'all-closed', 'output-waits']
      with concurrent.futures.ThreadPoolExecutor(2) as pool:
          # Replay and evaluate need what the others leave.
          first = list(pool.map(lambda n: run(n, 'none'), [n for n in lines if n not in ('evaluate', 'replay')]))
          rest = [(n, 'none') for n in ('evaluate', 'replay')] + [(n, s) for s in states for n in lines]
          print(json.dumps(first + list(pool.map(lambda c: run(*c), rest))))
      """

    @Test func everySubcommandBearsEveryStateOfItsStreams() throws {
      try Sandbox.withTasks { sandbox in
        let names = try CommandLineHelp.subcommands(sandbox).map(\.commandName)
        #expect(Set(names) == Set(StreamTests.lines.keys), "give every subcommand a line")
        try sandbox.write(String(repeating: "1 2 3 4 5 6 7 8 9\n", count: 2_000), to: "ids")
        try sandbox.write("the old king\nwalked\n", to: "few.txt")
        let lines = try JSONEncoder().encode(StreamTests.lines)
        let outcome = try Command(
          [
            "python3", "-c", StreamTests.driver, try Products.executable("gpt1-dist"),
            String(decoding: lines, as: UTF8.self),
          ], folder: sandbox.folder, limit: 300
        ).run()
        try #require(outcome.status == 0, "\(outcome.errors)")
        let cases = try outcome.json([Case].self)
        #expect(cases.count == 7 * names.count)
        for one in cases { check(one) }
        for name in ["encode", "decode", "tasks", "generate", "score"] {
          let outputs = cases.filter {
            $0.name == name
              && ["none", "errors-full", "errors-closed", "output-waits"].contains($0.state)
          }.map(\.output)
          #expect(outputs.count == 4 && Set(outputs).count == 1, "\(name)")
        }
      }
    }

    private func check(_ one: Case) {
      let place = Comment(rawValue: "\(one.name), \(one.state): \(one.status) \(one.errors)")
      switch one.state {
      case "output-full", "output-closed", "all-closed":
        #expect(one.status == 1, place)
        if one.state == "all-closed" { return }
        let reason = one.state == "output-full" ? "No space left on device" : "it is closed"
        let sentences = one.errors.split(separator: "\n").filter { $0.hasPrefix("gpt1-dist: ") }
        #expect(sentences == ["gpt1-dist: standard output: cannot write: \(reason)"], place)
      default:
        #expect(one.status == 0, place)
        #expect(!one.output.isEmpty, place)
      }
    }

    @Test func helpIsAResultToo() throws {
      try Sandbox.with { sandbox in
        let names = try CommandLineHelp.subcommands(sandbox).map(\.commandName)
        #expect(names.count >= 13)
        let outcomes = try sideBySide(names) {
          try sandbox.shell("\"$0\" \($0) --help >/dev/full")
        }
        for outcome in outcomes {
          #expect(outcome.status == 1)
          #expect(outcome.errors.contains("standard output: cannot write: No space left on device"))
        }
      }
    }

    /// A reader that has seen enough ends a filter without a word; the reader of a log does not end a run.
    @Test func closedPipesEndFiltersAndNoRuns() throws {
      try Sandbox.with { sandbox in
        let filter = try sandbox.shell(
          #"""
          for i in 1 2 3 4 5 6 7 8; do cat corpus.txt; done >long.txt
          { "$0" encode --tokenizer data <long.txt; echo "status $?" >status; } | head -n 1
          """#)
        #expect(filter.errors.isEmpty && filter.output.split(separator: "\n").count == 1)
        #expect(["status 141\n", "status 0\n"].contains(try sandbox.text("status")))
        let run = try sandbox.shell(
          "{ \"$0\" \(Sandbox.pretrain) --evaluate-every 1 --out run; echo $? >status; } 2>&1 | head -n 2"
        )
        #expect(run.output.split(separator: "\n").count == 2)
        #expect(try sandbox.text("status") == "0\n")
        #expect(sandbox.exists(sandbox.checkpoint(20, of: "run")))
      }
    }

    @Test(arguments: [nil, 2]) func resultsOfRanksAreChecked(ranks: Int?) throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) --steps 1 --out run"
        let program = try Products.executable("gpt1-dist")
        let words = ["sh", "-c", "exec \(program) \(line) >/dev/full"]
        var command =
          ranks.map { Command.mpirun($0, words, scratch: sandbox.folder) } ?? Command(words)
        command.folder = sandbox.folder
        let outcome = try command.run()
        #expect(outcome.status == 1)
        #expect(
          outcome.sentences == ["gpt1-dist: standard output: cannot write: No space left on device"]
        )
        #expect(sandbox.exists(sandbox.checkpoint(1, of: "run")))
      }
    }

    /// MPI and other libraries open pipes of their own: the log must not get into them.
    @Test func closedDescriptorsAreOpenBeforeAnyLibraryOpensOne() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) \(Sandbox.long) --steps 100000 --out run"
        let outcome = try sandbox.shell(
          #"""
          "$0" LINE <&- >&- 2>&- & pid=$!
          while kill -0 $pid 2>/dev/null && ! grep -qs '"step":2,' run/metrics.jsonl; do sleep 0.05; done
          for d in 0 1 2; do readlink /proc/$pid/fd/$d; done
          tr '\0' '\n' </proc/$pid/environ | grep ^OPENBLAS_NUM_THREADS
          kill -HUP $pid; wait $pid; echo "status $?"
          """#.replacing("LINE", with: line))
        #expect(
          outcome.output.split(separator: "\n") == [
            "/dev/null", "/dev/null", "/dev/null", "OPENBLAS_NUM_THREADS=1", "status 75",
          ])
      }
    }

    @Test func aHangUpIsARequestToStopUnlessItWasIgnored() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) \(Sandbox.long) --steps 100000 --evaluate-every 0"
        let outcome = try sandbox.shell(
          #"""
          trap '' HUP
          "$0" LINE --out ignoring 2>/dev/null & ignoring=$!
          while kill -0 $ignoring 2>/dev/null && ! grep -qs '"step":2,' ignoring/metrics.jsonl; do sleep 0.05; done
          kill -HUP $ignoring
          seen=$(wc -l <ignoring/metrics.jsonl)
          while kill -0 $ignoring && [ $(wc -l <ignoring/metrics.jsonl) -lt $((seen + 3)) ]; do sleep 0.05; done
          kill -TERM $ignoring; wait $ignoring; echo "status $?"
          """#.replacing("LINE", with: line))
        #expect(outcome.output.hasSuffix("status 75\n"), "\(outcome.errors)")
      }
    }
  }
}
