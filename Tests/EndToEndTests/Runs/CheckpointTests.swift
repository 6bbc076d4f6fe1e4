import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Contents of a run directory, and runs whose directory is damaged.
  @Suite(.serialized) struct CheckpointTests {
    enum Damage: CaseIterable { case flippedByte, truncated, missing }

    private func damage(_ sandbox: Sandbox, _ file: String, _ damage: Damage) throws {
      var data = try sandbox.read(file)
      switch damage {
      case .flippedByte: data[data.count / 2] ^= 1
      case .truncated: data.removeLast(9)
      case .missing: return try sandbox.remove(file)
      }
      try sandbox.write(data, to: file)
    }

    @Test(arguments: Damage.allCases, ["model.safetensors", "trainer.json"])
    func aDamagedCheckpointIsNamedAndTheOneBeforeIsUsed(kind: Damage, file: String) throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        let losses = try sandbox.losses(of: "run")
        let path = "\(sandbox.checkpoint(20, of: "run"))/\(file)"
        try damage(sandbox, path, kind)

        let verified = try sandbox.run("verify \(sandbox.checkpoint(20, of: "run"))")
        #expect(verified.status == 1)
        #expect(verified.output.contains(path))
        let again = try sandbox.succeed("\(Sandbox.pretrain) --out run", ranks: 2)
        #expect(again.errors.components(separatedBy: "\(path): ").count == 2)
        #expect(again.errors.contains("step 20 is skipped"))
        #expect(again.errors.contains("resuming from \(sandbox.checkpoint(10, of: "run"))"))
        #expect(try sandbox.losses(of: "run").prefix(10) == losses.prefix(10))
        #expect(try sandbox.losses(of: "run").count == 20)
        try sandbox.succeed("verify \(sandbox.checkpoint(20, of: "run"))")
      }
    }

    @Test func aRunStopsWhereNoCheckpointVerifies() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run")
        for (step, kind) in [(10, Damage.truncated), (20, .flippedByte)] {
          try damage(sandbox, "\(sandbox.checkpoint(step, of: "run"))/optimizer.safetensors", kind)
        }
        let before = try sandbox.snapshot(of: "run")
        for ranks in [nil, 2] {
          try sandbox.expectRefusal(
            "\(Sandbox.pretrain) --out run", ranks: ranks, "run/checkpoints",
            "none of the 2 checkpoints verifies")
        }
        #expect(try sandbox.snapshot(of: "run") == before)
      }
    }

    private struct MetricsLine: Decodable {
      let type: String
      let step: Int
      let time: Double
    }

    @Test func aCheckpointHasHuggingFacesFilesNamesAndShapes() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run --layers 3 --heads 4 --context 24")
        #expect(
          try sandbox.names(in: "run") == [".lock", "checkpoints", "config.yaml", "metrics.jsonl"])
        let lines = try sandbox.text("run/metrics.jsonl").split(separator: "\n").map {
          try JSONDecoder().decode(MetricsLine.self, from: Data($0.utf8))
        }
        #expect(lines.filter { $0.type == "step" }.map(\.step) == Array(1...20))
        #expect(
          Set(lines.map(\.type)) == ["start", "settings", "step", "evaluation", "checkpoint"])
        // Written in their order, by this clock.
        #expect(lines.map(\.time) == lines.map(\.time).sorted())
        #expect(lines.allSatisfy { abs($0.time - Date().timeIntervalSince1970) < 3_600 })
        let folder = sandbox.checkpoint(20, of: "run")
        #expect(
          try sandbox.names(in: folder) == [
            "SIZES", "XXH128SUMS", "config.json", "merges.txt", "model.safetensors",
            "optimizer.safetensors", "special_tokens_map.json", "tokenizer.json",
            "tokenizer_config.json", "trainer.json", "vocab.json",
          ])

        let vocabulary = try sandbox.json([String: Int].self, in: "\(folder)/vocab.json")
        #expect(Set(vocabulary.values) == Set(0..<vocabulary.count))
        #expect(try sandbox.text("\(folder)/merges.txt").hasPrefix("#version"))
        for file in ["vocab.json", "merges.txt"] {
          #expect(try sandbox.read("\(folder)/\(file)") == sandbox.read("data/\(file)"))
        }

        let (width, inner) = (64, 256)
        var shapes = [
          "tokens_embed.weight": [vocabulary.count, width],
          "positions_embed.weight": [24, width],
        ]
        for layer in 0..<3 {
          let block: [String: [Int]] = [
            "attn.c_attn.weight": [width, 3 * width], "attn.c_attn.bias": [3 * width],
            "attn.c_proj.weight": [width, width], "attn.c_proj.bias": [width],
            "ln_1.weight": [width], "ln_1.bias": [width], "mlp.c_fc.weight": [width, inner],
            "mlp.c_fc.bias": [inner], "mlp.c_proj.weight": [inner, width],
            "mlp.c_proj.bias": [width], "ln_2.weight": [width], "ln_2.bias": [width],
          ]
          for (name, shape) in block { shapes["h.\(layer).\(name)"] = shape }
        }
        #expect(try Tensors(sandbox.read("\(folder)/model.safetensors")).shapes == shapes)

        let config = try #require(
          try JSONSerialization.jsonObject(with: sandbox.read("\(folder)/config.json"))
            as? [String: Any])
        #expect(config["model_type"] as? String == "openai-gpt")
        #expect(config["architectures"] as? [String] == ["OpenAIGPTLMHeadModel"])
        #expect(config["afn"] as? String == "gelu")
        let numbers: [String: Double] = [
          "vocab_size": Double(vocabulary.count), "n_positions": 24, "n_embd": 64, "n_layer": 3,
          "n_head": 4, "resid_pdrop": 0.1, "embd_pdrop": 0.1, "attn_pdrop": 0.1,
          "layer_norm_epsilon": 1e-5, "initializer_range": 0.02,
        ]
        for (key, value) in numbers { #expect(config[key] as? Double == value, "\(key)") }
      }
    }

    @Test(.enabled(if: Command.isInstalled("xxhsum"), "xxhsum is not installed"))
    func xxhsumVerifiesACheckpoint() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run --steps 1")
        let folder = sandbox.checkpoint(1, of: "run")
        let check = "cd \(folder) && xxhsum -c XXH128SUMS"
        #expect(try sandbox.shell(check).status == 0)
        try damage(sandbox, "\(folder)/vocab.json", .flippedByte)
        #expect(try sandbox.shell(check).status != 0)
      }
    }

    @Test func onlyTheNewestCheckpointsAreKept() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run --checkpoint-every 3 --keep 2")
        #expect(try sandbox.checkpoints(of: "run") == [18, 20])
      }
    }

    /// Mounts need root; a namespace of its own takes them away with the process.
    static var canMount: Bool {
      let mount = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/tmp"]
      return (try? Command(mount).run().status) == 0
    }

    @Test(.enabled(if: canMount, "only root can mount a small disk"))
    func aFullDiskEndsTheRunAndLeavesTheLastCheckpoint() throws {
      try Sandbox.with { sandbox in
        // A checkpoint has about 1.4 MB.
        let script = """
          mkdir disk && mount -t tmpfs -o size=4m none disk || exit 9
          run="$0 \(Sandbox.pretrain) --keep 9 --checkpoint-every 5 --steps 40 --out disk/run"
          $run; echo "full: $?"
          ls -A disk/run/checkpoints
          "$0" verify disk/run/checkpoints/*; echo "verified: $?"
          mount -o remount,size=64m disk; $run; echo "again: $?"
          """
        let outcome = try sandbox.shell(script, under: ["unshare", "--mount"])
        #expect(outcome.output.contains("full: 1\nstep-00000005\nstep-00000010\ndisk"))
        #expect(outcome.output.contains("verified: 0"))
        #expect(outcome.output.contains("again: 0"))
        #expect(outcome.sentences.count == 1, "\(outcome.errors)")
        #expect(outcome.sentences.first?.contains("the disk is full") == true)
        #expect(outcome.errors.contains("resuming from disk/run/checkpoints/step-00000010"))
      }
    }

    @Test(.enabled(if: canMount, "only root can mount a read-only disk"))
    func aReadOnlyDiskIsRefused() throws {
      try Sandbox.with { sandbox in
        let script = """
          mkdir disk && mount -t tmpfs -o ro none disk || exit 9
          exec "$0" \(Sandbox.pretrain) --out disk/run
          """
        let outcome = try sandbox.shell(script, under: ["unshare", "--mount"])
        #expect(outcome.status == 1)
        #expect(outcome.sentences.count == 1, "\(outcome.errors)")
        #expect(outcome.sentences.first?.contains("disk/run: cannot write: ") == true)
        #expect(outcome.sentences.first?.contains("read-only") == true)
      }
    }
  }
}
