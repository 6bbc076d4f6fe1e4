import Console
import Data
import Dist
import Kernels
import Preflight

/// Checks that programs, libraries, bits and clocks are the same everywhere, and that the ranks found each other.
enum MachineChecks {
  /// The seconds by which clocks may differ.
  private static let skew = 1.0

  static func verdicts(_ facts: ClusterFacts) -> [Verdict] {
    launch(facts) + precision(facts) + machines(facts) + products(facts)
      + facts.onEachNode(kernels) + program(facts) + clocks(facts)
  }

  private static func launch(_ facts: ClusterFacts) -> [Verdict] {
    guard let launch = facts.ranks.first?.launch else { return [] }
    if let found = launch.separation(worldSize: facts.ranks.count) {
      return [
        .problem(
          .launch, found,
          "each process would train alone, and all of them into one run directory: start them with mpirun or `srun --mpi=pmix`"
        )
      ]
    }
    let nodes = facts.nodes.count
    return [
      .ok(
        .launch,
        "\(counted(facts.ranks.count, "rank")) on \(counted(nodes, "node")), "
          + (launch.launcher.map { "started by \($0.rawValue)" } ?? "started by hand"))
    ]
  }

  private static func precision(_ facts: ClusterFacts) -> [Verdict] {
    guard let rank = facts.ranks.first(where: { $0.precisionProblem != nil }) else { return [] }
    return [
      .problem(
        .machines, "\(rank.host): \(rank.precisionProblem ?? "")",
        "or start the ranks on nodes that support it")
    ]
  }

  private static func machines(_ facts: ClusterFacts) -> [Verdict] {
    let sides = facts.sides(\.cpuModel)
    guard sides.isEmpty else {
      return [
        .warning(
          .machines, "the nodes have different CPUs: " + sides.joined(separator: "; "),
          "the slowest rank sets the speed of every step: start ranks on nodes of one kind (Slurm's "
            + "--constraint)")
      ]
    }
    return [.ok(.machines, facts.ranks.first?.cpuModel ?? "")]
  }

  private static func products(_ facts: ClusterFacts) -> [Verdict] {
    if let wrong = facts.ranks.first(where: { $0.engineProblem != nil }) {
      let (finding, remedy) = EngineCheck.wrong(wrong.engine, wrong.engineProblem ?? "")
      return [.problem(.products, "\(wrong.host): \(finding)", remedy)]
    }
    if let shaky = facts.ranks.first(where: { $0.engine.products.count > 1 }) {
      return [
        .warning(
          .products,
          "\(shaky.host): \(shaky.engine.library) returns different bits depending on the thread",
          "runs will differ in their last bits: install libopenblas0-pthread")
      ]
    }
    let remedy =
      "the bits of a run then depend on which rank computes what. "
      + EngineCheck.remedy(facts.ranks.map(\.engine))
    func verdict(_ finding: String) -> [Verdict] {
      // The guarantee of some strategies would not hold.
      facts.run.reduce.isRankInvariant
        ? [.problem(.products, finding, remedy)] : [.warning(.products, finding, remedy)]
    }
    if !facts.sides({ $0.engine.products.joined() }).isEmpty {
      let sides = facts.sides { "\($0.engine.library) (\($0.engine.products.joined()))" }
      return verdict(
        "the ranks compute different bits for the same products: " + sides.joined(separator: "; "))
    }
    let sides = facts.sides(\.engine.library)
    if !sides.isEmpty {
      return verdict(
        "the ranks use different libraries, although the products tried here have the same bits: "
          + sides.joined(separator: "; "))
    }
    return [
      .ok(.products, "\(facts.ranks[0].engine.library): the same bits on all ranks and threads")
    ]
  }

  /// An engine is reported if another one is faster by more than this.
  private static let slowEngine = 1.05

  private static func kernels(_ node: [RankFacts]) -> [Verdict] {
    /// The time of a product by the rank's engine, divided by that of the fastest, and the name of the fastest.
    func compare(_ rank: RankFacts) -> (time: Double, best: String)? {
      guard let engine = rank.engine.engine, let own = rank.engineSeconds[engine.rawValue],
        let best = rank.engineSeconds.min(by: { $0.value < $1.value })
      else { return nil }
      return (own / best.value, best.key)
    }
    let compared = node.compactMap { rank in compare(rank).map { (rank, $0) } }
    guard let (rank, slow) = compared.max(by: { $0.1.time < $1.1.time }), slow.time > slowEngine
    else { return [] }
    let core = rank.engine.engine == .openblas ? rank.coreType : nil
    let remedy =
      core != nil
      ? "unset OPENBLAS_CORETYPE on all nodes, unless some of them need it to compute the same bits, or use --engine \(slow.best)"
      : "use --engine \(slow.best)"
    return [
      .warning(
        .kernels,
        "a matrix product by \(rank.engine.library)"
          + (core.map { " (OPENBLAS_CORETYPE=\($0))" } ?? "")
          + " takes \(format(slow.time, 2)) times as long as with --engine \(slow.best)", remedy)
    ]
  }

  private static func program(_ facts: ClusterFacts) -> [Verdict] {
    let programs = facts.sides { "\($0.program.prefix(8))…" }
    if !programs.isEmpty {
      return [
        .problem(
          .program, "the ranks run different programs: " + programs.joined(separator: "; "),
          "copy one build to all nodes, or start it from a shared folder")
      ]
    }
    let libraries = facts.sides(\.mpi)
    if !libraries.isEmpty {
      return [
        .problem(
          .program, "the ranks use different MPI libraries: " + libraries.joined(separator: "; "),
          "install one version on all nodes: mixed versions may hang or send wrong numbers")
      ]
    }
    return [.ok(.program, "one program, one MPI: \(facts.ranks[0].mpi)")]
  }

  private static func clocks(_ facts: ClusterFacts) -> [Verdict] {
    guard facts.nodes.count > 1 else { return [] }
    let late = facts.clocks.filter { abs($0.seconds) - $0.uncertainty > skew }
    guard late.isEmpty else {
      let hosts = late.map { clock in
        let host = facts.ranks.first { $0.rank == clock.rank }?.host ?? "rank \(clock.rank)"
        return "\(host) \(format(abs(clock.seconds), 1)) s "
          + (clock.seconds < 0 ? "behind" : "ahead")
      }
      return [
        .warning(
          .clocks, "clocks differ from \(facts.ranks[0].host)'s: " + hosts.joined(separator: ", "),
          "start chrony or ntpd there: until then, times of logs and files cannot be compared")
      ]
    }
    let worst = facts.clocks.map { abs($0.seconds) }.max() ?? 0
    return [.ok(.clocks, "clocks differ by at most \(format(worst * 1_000, 1)) ms")]
  }
}
