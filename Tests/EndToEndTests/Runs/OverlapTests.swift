import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `--reduce overlapped` and `--wire bf16`: the same training, over the network at another time or in fewer bytes.
  @Suite(.serialized) struct OverlapTests {
    private static let line = "\(Sandbox.pretrain) --dropout 0.1 --batch 8 --micro-batch 2 --out"

    private func weights(_ sandbox: Sandbox, of run: String) throws -> Data {
      try sandbox.read("\(sandbox.checkpoint(20, of: run))/model.safetensors")
    }

    private func expectNear(
      _ one: [Double], _ other: [Double], within tolerance: Double,
      at location: SourceLocation = #_sourceLocation
    ) {
      #expect(one.count == 20 && other.count == 20, sourceLocation: location)
      for (a, b) in zip(one, other) {
        #expect(abs(a - b) <= tolerance * a, sourceLocation: location)
      }
    }

    /// With 3 ranks the leaves are shared unevenly, with 5 one rank has none.
    @Test(arguments: [1, 2, 3, 5]) func trainsAsAllReduceDoesAndTwiceTheSame(ranks: Int) throws {
      try Sandbox.with { sandbox in
        let overlapped = "--reduce overlapped"
        // Neither threads nor recomputation change a bit; nor does debugging.
        try sandbox.succeedAll(
          [
            "\(Self.line) plain", "\(Self.line) one \(overlapped)",
            "\(Self.line) two \(overlapped)",
            "\(Self.line) other \(overlapped) --recompute --debug".replacing(
              "--threads 1", with: "--threads 2"),
          ], ranks: ranks)
        #expect(try weights(sandbox, of: "one") == weights(sandbox, of: "two"))
        let losses = try sandbox.losses(of: "plain")
        expectNear(try sandbox.losses(of: "one"), losses, within: 1e-4)
        #expect(try sandbox.losses(of: "one") == sandbox.losses(of: "two"))
        #expect(try weights(sandbox, of: "other") == weights(sandbox, of: "one"))
      }
    }

    @Test(arguments: ["allreduce", "overlapped"])
    func roundingOnTheWireHardlyChangesTheLoss(reduce: String) throws {
      try Sandbox.with { sandbox in
        let (exact, rounded) = ("--reduce \(reduce)", "--reduce \(reduce) --wire bf16")
        try sandbox.succeedAll(
          [
            "\(Self.line) exact \(exact)", "\(Self.line) one \(rounded)",
            "\(Self.line) two \(rounded)",
          ], ranks: 3)
        #expect(try weights(sandbox, of: "one") == weights(sandbox, of: "two"))
        #expect(try weights(sandbox, of: "one") != weights(sandbox, of: "exact"))
        expectNear(
          try sandbox.losses(of: "one"), try sandbox.losses(of: "exact"), within: 1e-3)
        // Alone there is nobody to send to, and nothing is rounded.
        try sandbox.succeedAll(["\(Self.line) alone \(rounded)", "\(Self.line) alone2 \(exact)"])
        #expect(try weights(sandbox, of: "alone") == weights(sandbox, of: "alone2"))
      }
    }

    @Test func emulatedPrecisionOverlapsToo() throws {
      try Sandbox.with { sandbox in
        let line = "\(Self.line) %@ --precision bf16-emulated --reduce"
        func losses(_ run: String, _ reduce: String) throws -> [Double] {
          try sandbox.succeed("\(line.replacing("%@", with: run)) \(reduce)", ranks: 2)
          return try sandbox.losses(of: run)
        }
        expectNear(try losses("one", "overlapped"), try losses("plain", "allreduce"), within: 1e-4)
      }
    }

    /// Exposed and hidden communication are reported separately.
    @Test func hiddenCommunicationIsMeasured() throws {
      struct Line: Decodable {
        let loss: Double?
        let secondsCompute, secondsHidden, secondsPolling: Double?
      }
      try Sandbox.with { sandbox in
        func lines(_ run: String, _ flags: String) throws -> [Line] {
          try sandbox.succeed("\(Self.line) \(run) \(flags)", ranks: 2)
          return try sandbox.jsonLines(Line.self, in: "\(run)/metrics.jsonl").filter {
            $0.loss != nil
          }
        }
        let steps = try lines("one", "--reduce overlapped")
        #expect(steps.count == 20)
        for step in steps {
          let hidden = try #require(step.secondsHidden)
          let polling = try #require(step.secondsPolling)
          let compute = try #require(step.secondsCompute)
          #expect(hidden > 0 && hidden < compute && polling > 0 && polling < compute)
        }
        #expect(
          try lines("plain", "--wire bf16").map(\.secondsHidden) == Array(repeating: nil, count: 20)
        )
      }
    }

    /// `bench` shows exposed beside hidden, and a trace every bucket.
    @Test func aBenchmarkShowsEveryBucket() throws {
      struct Result: Decodable {
        let reduce, wire: String
        let secondsExposed, secondsExposedMost: Double
        let secondsHidden, secondsPolling: Double?
      }
      struct Trace: Decodable {
        struct Event: Decodable {
          struct Arguments: Decodable { let step, floats: Int? }
          let ph, name: String
          let pid: Int
          let id: String?
          let ts: Double?
          let args: Arguments
        }
        let traceEvents: [Event]
      }
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        let line = "bench --preset debug --threads 1 --steps 3 --warm-up 1"
        let outcome = try sandbox.succeed(
          "\(line) --reduce overlapped --wire bf16 --trace trace.json --json", ranks: 2)
        let result = try outcome.json(Result.self)
        #expect(result.reduce == "overlapped" && result.wire == "bf16")
        #expect(result.secondsExposed > 0 && result.secondsExposed <= result.secondsExposedMost)
        #expect((result.secondsHidden ?? 0) > 0 && (result.secondsPolling ?? 0) > 0)

        let events = try sandbox.json(Trace.self, in: "trace.json")
          .traceEvents
        let begins = events.filter { $0.ph == "b" }
        let ends = Dictionary(
          uniqueKeysWithValues: events.filter { $0.ph == "e" }.map { ($0.id ?? "", $0) })
        #expect(
          !begins.isEmpty && begins.count == ends.count && begins.allSatisfy { $0.name == "bucket" }
        )
        for begin in begins {
          let end = try #require(ends[begin.id ?? ""])
          #expect(begin.ts! <= end.ts! && begin.pid == end.pid)
        }
        // 8,108 tokens of 64 floats are a bucket; so are each half of the first block, the second block, the positions and the rows
        // that were looked up.
        for rank in 0...1 {
          for step in 1...4 {
            let floats = begins.filter { $0.pid == rank && $0.args.step == step }
              .compactMap(\.args.floats)
            #expect(floats.count == 6 && floats.contains(8_108 * 64) && floats.contains(32 * 64))
          }
        }
        #expect(
          try sandbox.succeed(line, ranks: 2).output.contains("communication   allreduce, fp32: "))
        #expect(try !sandbox.succeed(line).output.contains("exposed"))
      }
    }

    /// Read from the counters of the virtual node that sends gradients and little else.
    @Test(
      .enabled(
        if: VirtualNodes.plain.obstacle == nil, "\(VirtualNodes.plain.obstacle ?? "available")"),
      arguments: ["allreduce", "overlapped"])
    func bf16HalvesTheBytesOnTheLink(reduce: String) throws {
      struct Counters: Decodable {
        struct Node: Decodable { let bytesSent: Int }
        let nodes: [Node]
      }
      try Sandbox.with { sandbox in
        let program = try Products.executable("gpt1-dist")
        func bytes(_ wire: String) throws -> Double {
          let line =
            "\(Sandbox.pretrain) --width 128 --reduce \(reduce) --wire \(wire) --out \(wire)"
          let outcome = try VirtualNodes.plain.run(
            words("mpirun -n 2 --hostfile {hostfile} \(program) \(line)"),
            options: ["--counters", "counters.json"], in: sandbox)
          try #require(outcome.status == 0, "\(outcome.errors)")
          return try sandbox.json(Counters.self, in: "counters.json")
            .nodes.map { Double($0.bytesSent) }[1]
        }
        let (whole, half) = (try bytes("fp32"), try bytes("bf16"))
        // Logins and the agreements of every step are the rest.
        #expect(abs(half / whole - 0.5) < 0.05, "\(half) of \(whole)")
        let losses = try sandbox.losses(of: "fp32")
        #expect(losses.count == 20)
        expectNear(try sandbox.losses(of: "bf16"), losses, within: 1e-3)
      }
    }

    @Test(arguments: [nil, 2]) func whatDoesNotFitIsRefused(ranks: Int?) throws {
      try Sandbox.with { sandbox in
        try sandbox.expectRefusal(
          "\(Self.line) run --reduce ordered --wire bf16", ranks: ranks, status: 2,
          "wire bf16", "reduce ordered", "choose wire fp32, or reduce allreduce or overlapped")
        try sandbox.expectRefusal(
          "\(Self.line) run --wire fp16", ranks: ranks, status: 2, "'fp16'",
          "expected one of fp32, bf16")
        try sandbox.expectRefusal(
          "\(Self.line) run --reduce early", ranks: ranks, status: 2,
          "expected one of allreduce, overlapped, ordered")
        #expect(!sandbox.exists("run"))
      }
    }

    /// Sums in flight take memory, and the memory plan counts it.
    @Test func itsMemoryIsPlanned() throws {
      struct Plan: Decodable { let bytesPerRank: Int }
      try Sandbox.with { sandbox in
        func bytes(_ flags: String) throws -> Int {
          let outcome = try sandbox.succeed(
            "pretrain --preset gpt1 --dry-run --json \(flags)", ranks: 2)
          return try outcome.json(Plan.self).bytesPerRank
        }
        let plain = try bytes("")
        // 16 buckets of 2 MiB, and 2 x 2,048 rows of 768 floats; the program's own memory varies by a megabyte or two.
        let overlapped = try bytes("--reduce overlapped") - plain
        #expect(abs(overlapped - 16 * 2_097_152 - 4_096 * 3_072) < 5_000_000)
      }
    }
  }
}
