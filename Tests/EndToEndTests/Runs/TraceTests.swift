import Foundation
import Kernels
import TestSupport
import Testing

extension EndToEnd {
  /// The files that `--trace` leaves.
  @Suite(.serialized) struct TraceTests {
    private struct Trace: Decodable {
      struct Event: Decodable {
        struct Arguments: Decodable {
          let name: String?
          let layer: Int?
          let step: Int?
        }
        let ph, name: String
        let pid, tid: Int
        let ts, dur: Double?
        let args: Arguments

        var lane: Lane { Lane(rank: pid, thread: tid) }
      }
      let traceEvents: [Event]

      var spans: [Event] { traceEvents.filter { $0.ph == "X" } }
    }

    private struct Lane: Hashable {
      let rank, thread: Int
    }

    private func trace(_ sandbox: Sandbox, _ name: String) throws -> Trace {
      try sandbox.json(Trace.self, in: name)
    }

    /// Spans of a lane follow each other; only an evaluation has others inside of it.
    private func expectOrder(_ trace: Trace) {
      for spans in Dictionary(grouping: trace.spans, by: \.lane).values {
        let nanoseconds = spans.map { span in
          (
            begin: Int((span.ts! * 1e3).rounded()),
            end: Int((span.ts! * 1e3).rounded()) + Int((span.dur! * 1e3).rounded()), name: span.name
          )
        }
        let evaluations = nanoseconds.filter { $0.name == "evaluation" }
        let others = nanoseconds.filter { $0.name != "evaluation" }
          .sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
        for (span, next) in zip(others, others.dropFirst()) {
          #expect(span.end <= next.begin, "\(span) and \(next)")
        }
        for evaluation in evaluations {
          for span in others where span.begin < evaluation.end && span.end > evaluation.begin {
            #expect(span.begin >= evaluation.begin && span.end <= evaluation.end)
          }
        }
        #expect(spans.allSatisfy { $0.dur! >= 0 })
      }
    }

    @Test func aRunShowsEveryOperationOfEveryLayerOnALaneForEachThreadOfEachRank() throws {
      try Sandbox.with { sandbox in
        // Wide enough that no thread has taken all tiles before the other has woken up.
        let outcome = try sandbox.succeed(
          "pretrain --preset debug --width 128 --context 128 --batch 8 --micro-batch 4 --data data "
            + "--threads 2 --steps 12 --out run --trace trace.json --debug", ranks: 2)
        let trace = try trace(sandbox, "trace.json")
        expectOrder(trace)

        expectLanes(trace)
        for rank in 0...1 { expectEverything(trace.spans.filter { $0.pid == rank }) }
        // Both observers see the steps: the table of operations and the phases of --debug.
        #expect(outcome.errors.contains("trace.json shows 12 of 12 steps"))
        #expect(outcome.errors.contains("mlp.c_fc weight"))
        #expect(outcome.errors.contains("seconds by phase"))
      }
    }

    /// Two ranks of two threads, all with something to do.
    private func expectLanes(_ trace: Trace) {
      let names = trace.traceEvents.filter { $0.ph == "M" && $0.name == "process_name" }
      #expect(names.map(\.pid) == [0, 1])
      #expect(names.allSatisfy { $0.args.name?.hasPrefix("rank \($0.pid) on ") == true })
      let lanes = trace.traceEvents.filter { $0.ph == "M" && $0.name == "thread_name" }.map(\.lane)
      let wanted = [0, 1].flatMap { [Lane(rank: $0, thread: 0), Lane(rank: $0, thread: 1)] }
      #expect(lanes == wanted)
      let used = Set(trace.spans.map(\.lane))
      #expect(used == Set(wanted))
    }

    /// Twelve steps of a model of two layers, in fp32.
    private func expectEverything(_ spans: [Trace.Event]) {
      let steps = Set(spans.compactMap(\.args.step))
      #expect(steps == Set(1...12))
      let operations = Kernels.Operation.allCases.filter { $0 != .rounding && !$0.isOfTask }
      var inBlocks = 0
      for operation in operations {
        let layers = Set(spans.filter { $0.name == operation.rawValue }.map(\.args.layer))
        if layers.count == 2 { inBlocks += 1 }
        #expect(layers == [0, 1] || layers == [nil], "\(operation)")
      }
      // 8 linear layers' directions and 4 weights, attention and both norms back and forth, and the norms' weights.
      #expect(inBlocks == 19)
      for phase in ["data", "communication", "checkpoint", "evaluation"] {
        #expect(spans.contains { $0.name == phase && $0.tid == 0 }, "\(phase)")
      }
    }

    @Test func aRunThatIsStoppedLeavesItsTrace() throws {
      try Sandbox.with { sandbox in
        let stopped = try sandbox.run(
          "\(Sandbox.pretrain) \(Sandbox.long) --out run --trace trace.json --fault stop:0:41"
        ) { process in
          guard Command.stopped(below: process) != nil else { return }
          kill(process, SIGTERM)
          kill(process, SIGCONT)
        }
        #expect(stopped.status == 75, "\(stopped.errors)")
        let trace = try trace(sandbox, "trace.json")
        expectOrder(trace)
        let steps = Set(trace.spans.compactMap(\.args.step))
        let last = try #require(steps.max())
        #expect(last >= 40 && last < 200)
        // The newest that there is memory for.
        #expect(steps == Set(last - 31...last))
        #expect(!(try sandbox.names(in: ".").contains { $0.hasPrefix(".") }))
      }
    }

    @Test func aBenchmarkLeavesItsTraceToo() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        try sandbox.write("older", to: "trace.json")
        try sandbox.succeed(
          "bench --preset debug --threads 1 --steps 3 --warm-up 1 --trace trace.json")
        let trace = try trace(sandbox, "trace.json")
        expectOrder(trace)
        #expect(Set(trace.spans.compactMap(\.args.step)) == [1, 2, 3, 4])
        #expect(try sandbox.names(in: ".") == ["trace.json"])
      }
    }

    @Test func nanIsFoundInATracedRunToo() throws {
      try Sandbox.with { sandbox in
        try sandbox.expectRefusal(
          "\(Sandbox.pretrain) --out run --debug --trace trace.json --learning-rate 1e30 --warm-up 0 "
            + "--clip 0", "in the output of layer")
        #expect(!sandbox.exists("trace.json"))
      }
    }

    @Test func aTraceThatCannotBeWrittenIsRefusedBeforeTheRun() throws {
      try Sandbox.with { sandbox in
        try sandbox.expectRefusal(
          "\(Sandbox.pretrain) --out run --trace nowhere/trace.json",
          "nowhere: there is no such folder")
        try sandbox.expectRefusal(
          "\(Sandbox.pretrain) --out run --trace data", "is not a file name")
        #expect(!sandbox.exists("run"))
      }
    }
  }
}
