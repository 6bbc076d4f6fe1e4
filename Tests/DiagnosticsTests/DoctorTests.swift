// Longer than 300 lines: every verdict of the doctor on one made-up cluster.

import Diagnostics
import Dist
import Foundation
import Kernels
import Testing
import Training

/// Verdicts on clusters that nobody here has.
@Suite struct DoctorTests {
  /// Machines `a`, `b`, … of 8 CPUs, whose ranks share them in equal parts of their own.
  private func cluster(
    nodes: Int = 2, ranksPerNode: Int = 2, _ edit: (inout ClusterFacts) -> Void = { _ in }
  ) -> ClusterFacts {
    var facts = ClusterFacts()
    facts.run.parameters = 1_000_000
    facts.run.microBatches = 8
    facts.output.free = 1 << 40
    for node in 0..<nodes {
      for rank in 0..<ranksPerNode {
        var one = RankFacts()
        one.rank = facts.ranks.count
        one.node = node
        one.host = ["a", "b", "c"][node]
        let share = 8 / ranksPerNode
        one.cpus = Array(rank * share..<(rank + 1) * share)
        one.nodeCPUs = 8
        one.threads = share
        one.productSeconds = 1
        one.need.floats = 1 << 30
        one.need.snapshot = 1 << 30
        facts.ranks.append(one)
      }
      let first = node * ranksPerNode
      facts.clocks.append(ClockOffset(rank: first, seconds: 0, uncertainty: 1e-5))
    }
    facts.links = [Link(first: 0, second: 1, latencyMicroseconds: 30, bytesPerSecond: 1e9)]
    edit(&facts)
    return facts
  }

  /// Expects one verdict that is not ok, with all `parts` in its finding or remedy.
  private func expect(
    _ level: Verdict.Level, _ subject: Verdict.Subject, _ facts: ClusterFacts, _ parts: String...,
    at location: SourceLocation = #_sourceLocation
  ) {
    let found = DoctorReport.verdicts(facts).filter { $0.level != .ok }
    #expect(found.count == 1, "\(found)", sourceLocation: location)
    guard let one = found.first else { return }
    #expect(one.level == level && one.subject == subject, "\(one)", sourceLocation: location)
    #expect(one.remedy?.isEmpty == false, sourceLocation: location)
    let text = one.finding + " " + (one.remedy ?? "")
    for part in parts {
      #expect(text.contains(part), "\(text)", sourceLocation: location)
    }
  }

  @Test func aGoodClusterIsPraised() {
    let verdicts = DoctorReport.verdicts(cluster())
    #expect(verdicts.allSatisfy { $0.level == .ok && $0.remedy == nil }, "\(verdicts)")
    for subject in [Verdict.Subject.launch, .threads, .products, .clocks, .memory, .output, .links]
    {
      #expect(verdicts.count { $0.subject == subject } == 1, "\(subject)")
    }
    #expect(
      DoctorReport.verdicts(cluster(nodes: 1, ranksPerNode: 1)).areAllOK)
  }

  @Test func threadsThatDoNotFitTheirProcessorsAreNamed() {
    let bound = cluster {
      for index in $0.ranks.indices {
        $0.ranks[index].threads = 1
        $0.ranks[index].cpus = [index % 2]
      }
    }
    let idle = DoctorReport.verdicts(bound).filter { $0.level == .warning }
    #expect(idle.count == 1 && idle[0].finding.hasPrefix("a, b: 2 ranks with 2 threads in all"))
    #expect(idle[0].finding.contains("6 would be idle"))
    #expect(idle[0].remedy?.contains("--bind-to none") == true)

    expect(
      .warning, .threads,
      cluster(nodes: 1, ranksPerNode: 1) { $0.ranks[0].threads = 3 }, "5 would be idle",
      "--threads")
    expect(
      .warning, .threads,
      cluster(nodes: 1) { facts in
        for index in 0..<2 { facts.ranks[index].threads = 8 }
      }, "16 threads of 2 ranks on 8 CPUs", "fewer --threads")
    expect(
      .warning, .threads,
      cluster(nodes: 1) { facts in
        for index in 0..<2 { facts.ranks[index].quota = 6 }
      }, "8 threads of 2 ranks on 6 CPUs (its control group's limit)")
    expect(
      .warning, .threads, cluster(nodes: 1) { $0.ranks[0].cpus = [0, 1, 2, 3, 4] },
      "ranks 0 and 1 share CPUs 4 and no others")
    // One mask for all is shared fairly.
    let whole = cluster(nodes: 1) { facts in
      for index in 0..<2 { facts.ranks[index].cpus = Array(0..<8) }
    }
    #expect(DoctorReport.verdicts(whole).areAllOK)
    expect(
      .warning, .threads,
      cluster(nodes: 1) {
        ($0.ranks[0].threads, $0.ranks[1].threads) = (5, 3)
      }, "5 threads on rank 0, 3 threads on rank 1")
    expect(
      .warning, .load,
      cluster {
        $0.ranks[2].load = 4; $0.ranks[3].load = 3.9
      }, "b: busy before: a load of 4")
  }

  @Test func ranksThatAreAloneAreAProblem() {
    let launch = Launch(environment: [
      "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0",
    ])
    expect(
      .problem, .launch, cluster(nodes: 1, ranksPerNode: 1) { $0.ranks[0].launch = launch },
      "srun started 4 processes", "--mpi=pmix", "into one run directory")
  }

  @Test func machinesThatAreNotAlikeAreNamed() {
    expect(
      .warning, .machines,
      cluster { facts in
        for index in 2..<4 { facts.ranks[index].cpuModel = "Old" }
      }, "? on ranks 0-1; Old on ranks 2-3")
    func other(_ facts: inout ClusterFacts) {
      for index in 2..<4 {
        facts.ranks[index].engine.kernels = "Haswell"
        facts.ranks[index].engine.products = ["1"]
      }
    }
    expect(.warning, .products, cluster(other), "kernels for Haswell", "OPENBLAS_CORETYPE")
    expect(
      .problem, .products,
      cluster {
        other(&$0); $0.run.reduce = .ordered
      }, "different bits",
      "ranks 2-3")
    expect(
      .warning, .products, cluster { $0.ranks[3].engine.openBLAS = "0.3.29" }, "OpenBLAS 0.3.29",
      "rank 3")
    expect(
      .warning, .products,
      cluster {
        $0.ranks[3].engine.engine = .onednn
        $0.ranks[3].engine.oneDNN = "3 with AVX2"
      }, "oneDNN 3 with AVX2", "--engine openblas")
    expect(
      .problem, .products,
      cluster {
        $0.ranks[2].engine.engine = .openblas
        $0.ranks[2].engineProblem = "element (1, 2) is 3"
      },
      "b: OpenBLAS ? with kernels for ? computes wrongly on this CPU: element (1, 2) is 3",
      "use --engine onednn")
    expect(
      .warning, .products, cluster { $0.ranks[1].engine.products = ["0", "1"] },
      "different bits depending on the thread")
    expect(.problem, .program, cluster { $0.ranks[1].program = "abc" }, "abc… on rank 1")
    expect(
      .problem, .program, cluster { $0.ranks[1].mpi = "Open MPI v5" }, "different MPI libraries")
    expect(.problem, .machines, cluster { $0.ranks[1].precisionProblem = "no bf16" }, "no bf16")
  }

  @Test func slowEnginesAreNamedWithTheirFactor() {
    func slow(_ engine: ProductEngine, _ coreType: String? = nil, by factor: Double) -> ClusterFacts
    {
      cluster { facts in
        for index in facts.ranks.indices {
          facts.ranks[index].engine.engine = engine
          facts.ranks[index].engine.kernels = "Haswell"
          facts.ranks[index].engine.oneDNN = engine == .onednn ? "2.6 with AVX2" : nil
          facts.ranks[index].coreType = coreType
          facts.ranks[index].engineSeconds = ["openblas": 1, "onednn": 1]
          facts.ranks[index].engineSeconds[engine.rawValue] = index == 3 ? factor : 1.06
        }
      }
    }
    func found(_ facts: ClusterFacts) -> [Verdict] {
      DoctorReport.verdicts(facts).filter { $0.level != .ok }
    }
    let set = found(slow(.openblas, "Haswell", by: 1.76))
    #expect(set.map(\.subject) == [.kernels, .kernels])
    #expect(
      set[1].finding
        == "b: a matrix product by OpenBLAS ? with kernels for Haswell (OPENBLAS_CORETYPE=Haswell) "
        + "takes 1.76 times as long as with --engine onednn")
    #expect(set[1].remedy?.hasPrefix("unset OPENBLAS_CORETYPE") == true)
    for (engine, other) in [(ProductEngine.openblas, "onednn"), (.onednn, "openblas")] {
      let set = found(slow(engine, by: 1.2))
      #expect(set.count == 2 && set.allSatisfy { $0.remedy == "use --engine \(other)" })
    }
    // Of oneDNN's engine OpenBLAS's variable is no cause.
    #expect(found(slow(.onednn, "Haswell", by: 1.2))[0].remedy == "use --engine openblas")
    #expect(
      DoctorReport.verdicts(
        cluster {
          $0.ranks[0].engine.engine = .openblas
          $0.ranks[0].engineSeconds = ["openblas": 1.04, "onednn": 1]
        }
      ).filter { $0.subject == .kernels }.isEmpty)
  }

  @Test func clocksThatDifferAreNamedWithWhichWay() {
    func clock(_ seconds: Double, uncertainty: Double = 1e-4) -> ClusterFacts {
      cluster { $0.clocks[1] = ClockOffset(rank: 2, seconds: seconds, uncertainty: uncertainty) }
    }
    expect(.warning, .clocks, clock(-2.5), "from a's: b 2.5 s behind")
    expect(.warning, .clocks, clock(70), "b 70.0 s ahead")
    #expect(DoctorReport.verdicts(clock(0.9)).areAllOK)
    // A slow answer proves nothing.
    #expect(DoctorReport.verdicts(clock(1.5, uncertainty: 0.8)).areAllOK)
  }

  @Test func whatDoesNotFitIsAProblem() {
    expect(
      .problem, .memory,
      cluster(nodes: 1) { for rank in 0..<2 { $0.ranks[rank].need.floats = 10_000_000_000 } },
      "a: a rank needs 10.00 GB, rank 0 1.07 GB more, the 2 ranks of the node 21.08 GB",
      "but the node has 17.18 GB")
    let group = ControlGroups.Limit(1 << 30, name: "memory.max of /job")
    expect(
      .problem, .memory, cluster(nodes: 1) { $0.ranks[1].limits.group = group },
      "the control group allows 1.07 GB (memory.max of /job)", "--mem")
    expect(
      .warning, .memory, cluster(nodes: 1) { $0.ranks[0].limits.available = 1 << 30 },
      "only 1.07 GB of 17.18 GB are free now")
    expect(
      .problem, .memory,
      cluster(nodes: 1) { $0.ranks[1].limits.addressSpace = .init(1 << 30, used: 1 << 28) },
      "may have only 1.07 GB (ulimit -v 1048576 KiB)", "ulimit -v unlimited")
    expect(
      .problem, .system, cluster(nodes: 1) { $0.ranks[1].threadProblem = "no threads: give 1" },
      "no threads", "give 1")
    expect(.problem, .output, cluster { $0.output.inodes = 3 }, "has 3 inodes (places for files)")
    expect(
      .problem, .output, cluster { $0.output.largestFile = 4_096 },
      "may write only 4.1 kB (ulimit -f 4 KiB)")
    expect(
      .problem, .output, cluster { $0.output.free = 40_000_000 }, "0.04 GB free",
      "take 0.05 GB (0.01 GB each, --keep 3")
    // Old files are removed as new ones are written.
    #expect(
      DoctorReport.verdicts(
        cluster {
          $0.output.free = 40_000_000; $0.output.checkpoints = 3
        }
      )
      .areAllOK)
  }

  @Test func filesThatNotAllSeeAreNamed() {
    expect(
      .warning, .output,
      cluster {
        $0.ranks[2].seesOutput = false; $0.ranks[3].seesOutput = false
      },
      "ranks 2-3 did not see")
    expect(.problem, .output, cluster { $0.output.problem = "x: read-only" }, "x: read-only")
    func data(_ values: [String?], _ problems: [String?] = [nil, nil, nil, nil]) -> ClusterFacts {
      cluster {
        for index in 0..<4 {
          $0.ranks[index].data = values[index]
          $0.ranks[index].dataProblem = problems[index]
        }
      }
    }
    #expect(DoctorReport.verdicts(data(["1", "1", "1", "1"])).areAllOK)
    expect(.problem, .data, data(["1", "1", "1", "2"]), "2 on rank 3")
    expect(
      .problem, .data, data(["1", "1", nil, nil], [nil, nil, "none", "none"]), "ranks 2-3: none")
  }

  @Test func slowRanksAndLinksAreNamed() {
    expect(
      .warning, .speed, cluster { $0.ranks[3].productSeconds = 1.3 }, "rank 3 (b)", "30 % more")
    #expect(
      DoctorReport.verdicts(cluster { $0.ranks[3].productSeconds = 1.09 })
        .areAllOK)
    func link(_ first: Int, _ second: Int, _ rate: Double) -> Link {
      Link(first: first, second: second, latencyMicroseconds: 30, bytesPerSecond: rate)
    }
    expect(
      .warning, .links,
      cluster(nodes: 3, ranksPerNode: 1) { facts in
        facts.run.microBatches = 9
        facts.links = [link(0, 1, 1e9), link(1, 2, 1.2e9), link(2, 0, 1.2e7)]
      }, "c to a: 0.10 Gb/s", "median link's 8.00 Gb/s")
    let slow = ClusterFacts.Reduction(
      bytes: 4_000_000, seconds: 2, secondsBest: 1, chunkBytes: 4 << 20, chunkBytesBest: 1 << 20)
    // A rank has two leaves of a second of products each.
    expect(
      .warning, .reduction, cluster { $0.reduction = slow }, "summed in 2.00 s",
      "1024 KiB take 50 % of that", "50 % of a step would be communication")
    let fast = ClusterFacts.Reduction(
      bytes: 4_000_000, seconds: 0.4, secondsBest: 0.4, chunkBytes: 4 << 20,
      chunkBytesBest: 4 << 20)
    #expect(
      DoctorReport.verdicts(cluster { $0.reduction = fast }).areAllOK)
    expect(
      .warning, .shares, cluster { $0.run.microBatches = 6 }, "6 micro-batches", "25 % of the time",
      "multiple of 4")
    expect(.problem, .shares, cluster { $0.run.sharesProblem = "5 ranks cannot" }, "5 ranks cannot")
  }

  @Test func limitsMatterWhereTheyDo() {
    expect(.warning, .system, cluster(nodes: 1) { $0.ranks[1].openFiles = 60 }, "may open 60 files")
    expect(
      .warning, .system, cluster(nodes: 1) { $0.ranks[0].largePages = "never" }, "no huge pages")
    expect(
      .warning, .system, cluster(nodes: 1) { $0.ranks[0].governor = "powersave" }, "`powersave`")
    let locked = { (facts: inout ClusterFacts) in facts.ranks[0].lockedMemory = 65_536 }
    #expect(DoctorReport.verdicts(cluster(locked)).areAllOK)
    expect(
      .warning, .system,
      cluster(nodes: 1) {
        locked(&$0); $0.ranks[0].hasInfiniBand = true
      }, "64 KiB")
    expect(
      .warning, .system,
      cluster(nodes: 1, ranksPerNode: 1) {
        $0.ranks[0].memories = [Array(0..<4), Array(4..<8)]
      }, "8 threads over 2 memories", "--map-by numa")
  }
}

extension [Verdict] {
  /// Verdicts cover every subject.
  fileprivate var areAllOK: Bool { count > 5 && allSatisfy { $0.level == .ok } }
}
