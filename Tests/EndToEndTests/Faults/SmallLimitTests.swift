import ArgumentParser
import Foundation
import Launcher
import TestSupport
import Testing

extension SmallRuns {
  /// Every subcommand under limits that are too small for most of them: it works, or one sentence names the limit. No signal ends it, and
  /// it ends in time.
  @Suite(.serialized) struct SmallLimitTests {
    /// A line for every subcommand, in the folder of `withModel`.
    private static let lines = [
      "prepare": "prepare --input corpus.txt --train-bpe 20 --out prepared --threads 2",
      "pretrain": "\(Sandbox.pretrain) --steps 1 --out run",
      "finetune":
        "finetune --task task.yaml --data . --from MODEL --epochs 1 --threads 1 --batch 2 --micro-batch 2 --out tuned",
      "evaluate": "evaluate --task task.yaml --data . --model MODEL --zero-shot",
      "tasks": "tasks copa",
      "score": "score --model MODEL --text-file prompt.txt --threads 2",
      "generate": "generate --model MODEL --prompt the --tokens 2 --threads 2",
      "encode": "encode --tokenizer MODEL",
      "decode": "decode --tokenizer MODEL",
      "verify": "verify MODEL",
      "bench": "bench --generate --preset debug --rounds 1 --tokens 2 --threads 1",
      "doctor": "doctor --preset debug --threads 1",
      "replay": "replay old --step 1 --threads 1",
      "config-docs": "config-docs",
    ]

    /// A limit of a process, and its name in a refusal.
    private static let limits: [(command: String, name: String)] = [
      ("ulimit -v 300000", "ulimit -v"), ("ulimit -d 30000", "ulimit -d"),
      ("ulimit -n 16", "ulimit -n"), ("ulimit -f 16", "ulimit -f"),
    ]

    private static let folder = PreparedFolder(on: Sandbox.prepared) { sandbox in
      try sandbox.succeed("\(Sandbox.pretrain) --steps 1 --out old")
      try sandbox.write("the old king\n", to: "prompt.txt")
      try sandbox.write("1 2 3\n", to: "ids.txt")
      try sandbox.write(
        """
        name: mine
        transformation: multiple-choice
        format: tsv
        header: false
        files: {train: train.tsv, dev: train.tsv}
        texts: [1]
        answers: [2, 3]
        label: 4
        choices: [a, b]
        metrics: [accuracy]
        zero-shot: answers
        """, to: "task.yaml")
      try sandbox.write(
        "the king\tsaw\tfound\ta\nthe wind\tlong\tgold\tb\nthe sea\tit\twas\ta\nbread\tno\tthe\tb\n",
        to: "train.tsv")
    }

    private func withModel(_ body: (Sandbox, String) throws -> Void) throws {
      try Self.folder.with { try body($0, $0.checkpoint(1, of: "old")) }
    }

    @Test func everySubcommandIsListed() throws {
      let names = GPT1Dist.configuration.subcommands.map { $0._commandName }
      #expect(Set(names) == Set(Self.lines.keys))
    }

    /// Runs all lines after the shell command `limit`, each with a time limit, and judges them; returns how many were refused.
    private func expectSentences(
      _ sandbox: Sandbox, _ model: String, limit: String, prefix: String = "", name: String,
      subcommands: [String]? = nil
    ) throws -> Int {
      let program = try Products.executable("gpt1-dist")
      let names = (subcommands ?? Self.lines.keys.sorted())
      let commands = try names.map { subcommand in
        let line = try #require(Self.lines[subcommand]).replacing("MODEL", with: model)
        // The program does not inherit the files that the tests have open.
        let script = """
          for f in /proc/$$/fd/*; do f=${f##*/}; ((f > 2)) && eval "exec $f>&-"; done
          \(limit); exec \(prefix) "$0" \(line) <\(subcommand == "decode" ? "ids" : "prompt").txt
          """
        return Command(
          ["timeout", "-k", "1", "30", "bash", "-c", script, program], folder: sandbox.folder)
      }
      // A limit of a user's processes is one of all of them.
      let outcomes = try sideBySide(commands, atOnce: prefix.isEmpty ? 3 : 1) { try $0.run() }
      for (subcommand, outcome) in zip(names, outcomes) {
        let what = "\(limit), \(subcommand): status \(outcome.status)\n\(outcome.errors)"
        #expect([0, 1, 2].contains(outcome.status), "\(what)")
        guard outcome.status != 0 else { continue }
        let text = outcome.errors + outcome.output
        #expect(text.contains(name), "\(what)")
        // One that is not set is not blamed.
        for other in ["-v", "-d", "-n", "-f", "-u"].map({ "ulimit \($0)" })
        where other != name.prefix(9) {
          #expect(!text.contains(other), "\(what)")
        }
        // These two report their findings as results.
        #expect(
          outcome.sentences.count == 1 || ["doctor", "verify"].contains(subcommand), "\(what)")
        #expect(!outcome.errors.contains("MPI_INIT"), "\(what)")
      }
      return outcomes.count { $0.status != 0 }
    }

    @Test func aSmallLimitIsNamed() throws {
      try withModel { sandbox, model in
        for (limit, name) in Self.limits {
          // One that refuses nobody would prove nothing.
          let refused = try expectSentences(sandbox, model, limit: limit, name: name)
          #expect(refused > 0, "\(limit)")
        }
      }
    }

    /// MPI, the threads of a team, and memory for the model are refused one after the other as the limit grows.
    @Test func everyAmountOfAddressSpaceIsNamed() throws {
      try withModel { sandbox, model in
        var refused = 0
        for kibibytes in [200_000, 400_000, 450_000, 500_000, 550_000, 600_000] {
          refused += try expectSentences(
            sandbox, model, limit: "ulimit -v \(kibibytes)", name: "ulimit -v",
            subcommands: ["pretrain", "score"])
        }
        #expect(refused > 2)
      }
    }

    @Test(
      .enabled(
        if: EndToEnd.DurabilityTests.canBeNobody, "needs root, and a build that others may read"))
    func aUserOfOneProcess() throws {
      try withModel { sandbox, model in
        try FileManager.default.setAttributes(
          [.posixPermissions: 0o777], ofItemAtPath: sandbox.folder)
        // A user of whom no other process is there.
        let user = "setpriv --reuid=54917 --regid=54917 --clear-groups prlimit --nproc=1"
        let refused = try expectSentences(
          sandbox, model, limit: ":", prefix: user, name: "ulimit -u 1")
        #expect(refused > 0)
        func score(_ threads: Int) throws -> Int32 {
          try sandbox.shell(
            "exec \(user) \"$0\" score --model \(model) --text-file prompt.txt --threads \(threads)"
          ).status
        }
        #expect(try score(1) == 0)
        #expect(try score(2) == 1)
      }
    }

    /// Open MPI would say it on pages.
    @Test func aFolderForTemporaryFilesIsNeeded() throws {
      try Sandbox.with { sandbox in
        try sandbox.write("a file", to: "file")
        for folder in ["/nonexistent", sandbox.path("file")] {
          let outcome = try sandbox.shell(
            "TMPDIR=\(folder) exec \"$0\" \(Sandbox.pretrain) --steps 1 --out run")
          #expect(outcome.status == 1 && outcome.sentences.count == 1, "\(outcome.errors)")
          #expect(outcome.errors.contains(folder) && outcome.errors.contains("set TMPDIR"))
        }
      }
    }

    /// A rank that is refused memory ends the job, with its own sentence and status.
    @Test func aRefusedAllocationEndsTheJob() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) --steps 1 --out run"
        let program = try Products.executable("gpt1-dist")
        let limited = [
          "sh", "-c", "[ $OMPI_COMM_WORLD_RANK = 0 ] || ulimit -v 420000; exec \"$0\" \(line)",
          program,
        ]
        var command = Command.mpirun(2, limited, scratch: sandbox.folder)
        command.folder = sandbox.folder
        let outcome = try command.run()
        #expect(outcome.status == 1 && !outcome.timedOut)
        #expect(outcome.errors.contains("ulimit -v 420000 KiB"), "\(outcome.errors)")
      }
    }

    @Test(.enabled(if: EndToEnd.CheckpointTests.canMount, "only root can mount a small disk"))
    func aDiskWithoutInodesIsNotFull() throws {
      try Sandbox.with { sandbox in
        let outcome = try sandbox.shell(
          """
          mkdir few; mount -t tmpfs -o size=300m,nr_inodes=5 tmpfs few; touch few/1 few/2
          "$0" prepare --input corpus.txt --train-bpe 50 --out few/d; echo "prepare: $?"
          "$0" pretrain --preset debug --threads 1 --steps 1 --data data --out few/r; echo "pretrain: $?"
          "$0" doctor --preset debug --data data --out few/r | grep inode; echo
          "$0" pretrain --preset debug --threads 1 --steps 1 --data data --out few/r --dry-run; echo "dry run: $?"
          touch few/3 few/4; "$0" encode --tokenizer data </dev/null; cp corpus.txt few/5
          """, under: ["unshare", "--mount"])
        #expect(outcome.output.contains("prepare: 1\n") && outcome.output.contains("pretrain: 1\n"))
        #expect(outcome.output.contains("dry run: 1\n"), "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("(places for files) free"), "\(outcome.output)")
        #expect(
          outcome.errors.contains(
            "the dataset needs 6 inodes (places for files), but the file system has only 2 left"),
          "\(outcome.errors)")
        #expect(!outcome.errors.contains("disk is full"), "\(outcome.errors)")
      }
    }
  }
}
