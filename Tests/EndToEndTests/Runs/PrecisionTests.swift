import Foundation
import Kernels
import TestSupport
import Testing

extension EndToEnd {
  /// Effects that precision and recomputation may have on a step, and effects that they may not.
  @Suite(.serialized) struct PrecisionTests {
    private static let mini = "pretrain --preset mini --data data --evaluate-sequences 8"

    @Test func threadsAndRecomputationDoNotChangeABit() throws {
      try Sandbox.with { sandbox in
        let line = "\(Self.mini) --steps 5 --dropout 0.1 --out"
        func weights(_ run: String, _ flags: String) throws -> Data {
          try sandbox.succeed("\(line) \(run) \(flags)")
          return try sandbox.read("\(sandbox.checkpoint(5, of: run))/model.safetensors")
        }
        let one = try weights("one", "--threads 1")
        #expect(try weights("two", "--threads 2") == one)
        #expect(try weights("recomputed", "--threads 2 --recompute") == one)
        #expect(try weights("seeded", "--threads 1 --seed 2") != one)
        let rounded = try weights("rounded", "--threads 1 --precision bf16-emulated")
        #expect(rounded != one)
        #expect(try weights("rounded2", "--threads 2 --precision bf16-emulated") == rounded)
      }
    }

    @Test func roundingToBF16HardlyChangesTheLoss() throws {
      try Sandbox.with { sandbox in
        let line = "\(Self.mini) --steps 60 --out"
        try sandbox.succeed("\(line) exact")
        try sandbox.succeed("\(line) rounded --precision bf16-emulated")
        let (exact, rounded) = (try sandbox.losses(of: "exact"), try sandbox.losses(of: "rounded"))
        #expect(exact.count == 60 && exact != rounded)
        // The run learns, and both precisions learn the same.
        #expect(exact[59] < exact[0] - 0.5)
        for (one, other) in zip(exact, rounded) { #expect(abs(one - other) < 0.01 * one) }
      }
    }

    @Test(arguments: [nil, 2]) func bf16IsRefusedWhereTheProcessorHasNone(ranks: Int?) throws {
      try Sandbox.with { sandbox in
        let line = "\(Sandbox.pretrain) --out run --precision"
        if Precision.bf16.isSupported {
          try sandbox.succeed("\(line) bf16", ranks: ranks)
        } else {
          try sandbox.expectRefusal(
            "\(line) bf16", ranks: ranks, "needs a CPU with AVX512_BF16 or AMX",
            "--precision fp32")
          #expect(!sandbox.exists("run"))
        }
        try sandbox.expectRefusal(
          "\(line) fp16", ranks: ranks, status: 2, "expected one of fp32, bf16, bf16-emulated")
      }
    }
  }
}
