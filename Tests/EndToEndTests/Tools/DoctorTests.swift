import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `doctor` on real ranks.
  @Suite(.serialized) struct DoctorTests {
    private struct Report: Decodable {
      struct Verdict: Decodable {
        let subject, level, finding: String
        let remedy: String?
      }
      struct Facts: Decodable {
        struct Rank: Decodable {
          let rank, node, threads: Int
          let host, program: String
          let engine: Engine
          let engineSeconds: [String: Double]
          let cpus: [Int]
          let productSeconds: Double?
          let data: String?
        }
        struct Engine: Decodable { let products: [String] }
        struct Link: Decodable {
          let first, second: Int
          let bytesPerSecond, latencyMicroseconds: Double
        }
        struct Reduction: Decodable { let bytes: Int, seconds: Double }
        let ranks: [Rank]
        let links: [Link]
        let reduction: Reduction?
      }
      let facts: Facts
      let verdicts: [Verdict]

      func levels(_ subject: String) -> [String] {
        verdicts.filter { $0.subject == subject }.map(\.level)
      }
    }

    private func report(
      _ sandbox: Sandbox, _ line: String, ranks: Int? = nil, status: Int32 = 0,
      at location: SourceLocation = #_sourceLocation
    ) throws -> Report {
      let outcome = try sandbox.run("doctor --preset debug --json \(line)", ranks: ranks)
      #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: location)
      return try outcome.json(Report.self)
    }

    @Test(arguments: [nil, 1, 2, 3] as [Int?]) func ranksAreLookedAtAndNothingIsLeft(ranks: Int?)
      throws
    {
      try Sandbox.with { sandbox in
        let before = try sandbox.names(in: ".")
        let report = try report(
          sandbox, "--data data --out runs/new --threads 1", ranks: ranks)
        let count = ranks ?? 1
        #expect(report.facts.ranks.map(\.rank) == Array(0..<count))
        #expect(Set(report.facts.ranks.map(\.program)).count == 1)
        #expect(report.facts.ranks.allSatisfy { $0.threads == 1 && !$0.cpus.isEmpty })
        #expect(report.facts.ranks.allSatisfy { ($0.productSeconds ?? 0) > 0 })
        #expect(Set(report.facts.ranks.map(\.data)).count == 1)
        #expect(report.facts.links.count == [0, 0, 1, 3][count])
        #expect((report.facts.reduction != nil) == (count > 1))
        for subject in ["launch", "products", "program", "output", "data", "memory"] {
          #expect(report.levels(subject) == ["ok"], "\(subject): \(report.verdicts)")
        }
        // 4 leaves are not shared evenly by 3 ranks.
        #expect(report.levels("shares") == [count == 3 ? "warning" : "ok"])
        #expect(try sandbox.names(in: ".") == before)
      }
    }

    @Test func whatWouldMakeARunFailIsAProblem() throws {
      try Sandbox.with { sandbox in
        let nothing = try report(
          sandbox, "--data nowhere --out corpus.txt/run", ranks: 2, status: 1)
        #expect(nothing.levels("data") == ["problem"] && nothing.levels("output") == ["problem"])
        #expect(
          nothing.verdicts.first { $0.subject == "data" }?.finding.contains("nowhere") == true)
        let shares = try report(sandbox, "--reduce ordered", ranks: 3, status: 1)
        #expect(shares.levels("shares") == ["problem"])
        let text = try sandbox.run("doctor --preset debug --data nowhere")
        #expect(text.status == 1)
        #expect(text.output.contains("\nproblem  data       nowhere: there is no such folder"))
        #expect(text.output.hasSuffix("1 problem: a run would fail or compute wrong results\n"))
        try sandbox.expectRefusal(
          "doctor --preset debug --reduce never", status: 2, "'never' is invalid for '--reduce")
        try sandbox.expectRefusal("doctor --config no.yaml", ranks: 2, status: 2, "no.yaml")
      }
    }

    /// Processes of another MPI's mpiexec that are a world of one each: here one of them, with its environment.
    @Test func processesThatDoNotSeeEachOtherDoNotTrain() throws {
      try Sandbox.with { sandbox in
        func task(_ index: Int, _ line: String) throws -> Command.Outcome {
          try sandbox.shell(
            "PMI_SIZE=2 PMI_RANK=\(index) \"$0\" \(line)")
        }
        for index in 0..<2 {
          let outcome = try task(index, "\(Sandbox.pretrain) --out run")
          #expect(outcome.status == 2)
          #expect(outcome.errors.contains("mpiexec started 2 processes") == (index == 0))
          let doctor = try task(index, "doctor --preset debug")
          #expect(doctor.status == 1)
          #expect(doctor.output.contains("problem  launch     mpiexec started 2") == (index == 0))
        }
        #expect(!sandbox.exists("run"))
      }
    }

    @Test(
      .enabled(
        if: VirtualNodes.plain.obstacle == nil, "\(VirtualNodes.plain.obstacle ?? "available")"))
    func twoNodesAndTheirLinkAreFound() throws {
      try Sandbox.with { sandbox in
        let program = try Products.executable("gpt1-dist")
        let outcome = try VirtualNodes.plain.run(
          words("mpirun -n 2 --hostfile {hostfile} \(program) doctor --preset debug --json"),
          in: sandbox)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let report = try outcome.json(Report.self)
        #expect(report.facts.ranks.map(\.host) == ["node1", "node2"])
        #expect(report.facts.ranks.map(\.node) == [0, 1])
        let link = try #require(report.facts.links.first)
        // The link lets 1 Gb/s through, headers included, and a burst of 256 KiB at once; no machine is too busy for a tenth of that.
        #expect(link.bytesPerSecond * 8 < 1.1e9 && link.bytesPerSecond * 8 > 1e8)
        #expect(report.levels("clocks") == ["ok"])
      }
    }
  }
}
