import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Numbers and files at the edge of what can be: a sentence and a status, never a trap, a hang or a ruined checkpoint.
  @Suite(.serialized) struct LimitTests {
    @Test func sizesBeyondReasonAreRefused() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) --out run"
        func refused(_ flags: String, status: Int32, _ sentence: String) throws {
          try sandbox.expectRefusal("\(line) \(flags)", status: status, sentence)
        }
        try refused("--context 9223372036854775807", status: 2, "context is 9223372036854775807")
        try refused("--width 16777216 --heads 1", status: 2, "width is 16777216")
        try refused("--layers 100000", status: 2, "layers is 100000")
        try refused("--threads 5000", status: 2, "threads is 5000")
        try refused("--context 40000 --heads 16", status: 2, "too many for dropout")
        try refused("--width 65536 --layers 256 --heads 1", status: 1, "a rank needs ")
        #expect(!sandbox.exists("run"))
      }
    }

    @Test func ranksMayHaveDifferentTeamsButTheSameTask() throws {
      try Sandbox.with { sandbox in
        func run(_ one: String, _ two: String) throws -> Command.Outcome {
          let program = try Products.executable("gpt1-dist")
          let line = "pretrain --preset debug --steps 2 --data data --out run"
          var command = Command.mpirun(
            1, [program] + words("\(line) \(one)") + words(": -n 1 \(program) \(line) \(two)"),
            scratch: sandbox.folder)
          command.folder = sandbox.folder
          return try command.run()
        }
        let mixed = try run("", "--dry-run")
        #expect(mixed.status == 2)
        #expect(!sandbox.exists("run"))
        let unequal = try run("--threads 1", "")
        #expect(unequal.status == 0)
      }
    }

    @Test func ruinedWeightsAreNotSaved() throws {
      try Sandbox.with { sandbox in
        let line = "pretrain --preset debug --threads 1 --data data --out run --keep 1"
        try sandbox.succeed("\(line) --steps 4 --checkpoint-every 1")
        let before = try sandbox.snapshot(of: "run/checkpoints")
        try sandbox.expectRefusal(
          "\(line) --steps 6 --learning-rate 1e300 --warm-up 0 --checkpoint-every 1",
          "--learning-rate")
        #expect(try sandbox.snapshot(of: "run/checkpoints") == before)
      }
    }

    @Test func anOlderCheckpointIsNotMixedWithNewerOnes() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        let before = try sandbox.snapshot(of: "run")
        let (old, new) = (sandbox.checkpoint(10, of: "run"), sandbox.checkpoint(20, of: "run"))
        try sandbox.expectRefusal(
          "\(Sandbox.pretrain) --out run --resume \(old)", "\(new): is newer than \(old)")
        #expect(try sandbox.snapshot(of: "run") == before)
        try sandbox.succeed("\(Sandbox.pretrain) --out branch --resume \(old)")
        #expect(sandbox.exists(sandbox.checkpoint(20, of: "branch")))
      }
    }

    @Test func aSecondRunInTheSameFolderIsRefused() throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) \(Sandbox.long) --steps 100000 --out run"
        let first = try sandbox.run(line) { process in
          sandbox.waitForStep(20, of: "run", while: process)
          let second = try? sandbox.run(line)
          #expect(second?.status == 1)
          #expect(second?.errors.contains("run: another run is using this folder") == true)
          kill(process, SIGTERM)
        }
        #expect(first.status == 75)
      }
    }

    @Test func textThatIsNotUTF8IsNotRepaired() throws {
      try Sandbox.with { sandbox in
        let outcome = try sandbox.shell(#"printf 'a\n\377\n' | "$0" encode --tokenizer data"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("standard input:2: is not UTF-8"))
      }
    }

    @Test func anotherTokenizerOfTheSameSizeIsNoticed() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run --vocabulary 400")
        try sandbox.succeed("prepare --input corpus.txt --train-bpe 30 --out other")
        try sandbox.expectRefusal(
          "pretrain --preset debug --threads 1 --data other --out new --vocabulary 400 --from "
            + sandbox.checkpoint(20, of: "run"), "has a different tokenizer from other")
      }
    }

    @Test func aFlippedByteInTheTokensIsNoticed() throws {
      try Sandbox.with { sandbox in
        try sandbox.copy("data", to: "flipped")
        let shard = "flipped/train-00000.tokens"
        var bytes = try sandbox.read(shard)
        bytes[bytes.count / 2] ^= 1
        try sandbox.write(bytes, to: shard)
        try sandbox.expectRefusal(
          "pretrain --preset debug --data flipped --out run", ranks: 2, shard)
      }
    }

    @Test func aModelLargerThanItsFileIsRefusedBeforeMemoryIsTaken() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        let folder = sandbox.checkpoint(20, of: "run")
        try sandbox.write(
          #"{"model_type": "openai-gpt", "n_embd": 65536, "n_layer": 4096, "n_head": 1}"#,
          to: "\(folder)/config.json")
        let outcome = try sandbox.run("verify \(folder)")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("has the shape"))
      }
    }
  }
}
