import Console
import Data
import Dist
import Kernels

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
    if let shaky = facts.ranks.first(where: { $0.products.count > 1 }) {
      return [
        .warning(
          .products,
          "\(shaky.host): OpenBLAS \(shaky.openBLAS) returns different bits depending on the thread",
          "runs will differ in their last bits: install libopenblas0-pthread")
      ]
    }
    func library(_ rank: RankFacts) -> String {
      "OpenBLAS \(rank.openBLAS) with kernels for \(rank.kernels)"
        + (facts.run.usesOneDNN ? ", oneDNN \(rank.oneDNN) with \(rank.instructions)" : "")
    }
    let names = facts.ranks.map(\.kernels)
    let kernels = ProductEngine.common(names) ?? names[0]
    let remedy =
      "the bits of a run then depend on which rank computes what: set OPENBLAS_CORETYPE=\(kernels) on all "
      + "nodes (mpirun -x OPENBLAS_CORETYPE=…), and install the same libraries"
    if !facts.sides({ $0.products.joined() }).isEmpty {
      let sides = facts.sides { "\(library($0)) (\($0.products.joined()))" }
      let finding =
        "the ranks compute different bits for the same products: " + sides.joined(separator: "; ")
      // The guarantee of this strategy would not hold.
      return facts.run.reduce.isRankInvariant
        ? [.problem(.products, finding, remedy)] : [.warning(.products, finding, remedy)]
    }
    let sides = facts.sides(library)
    if !sides.isEmpty {
      let finding =
        "the ranks use different libraries, although the products tried here have the same bits: "
        + sides.joined(separator: "; ")
      return facts.run.reduce.isRankInvariant
        ? [.problem(.products, finding, remedy)] : [.warning(.products, finding, remedy)]
    }
    return [.ok(.products, "\(library(facts.ranks[0])): the same bits on all ranks and threads")]
  }

  /// Kernels are reported if they take more than this many times as long as oneDNN.
  private static let slowKernels = 1.3

  private static func kernels(_ node: [RankFacts]) -> [Verdict] {
    guard let slowest = node.max(by: { $0.kernelTime < $1.kernelTime }),
      slowest.kernelTime > slowKernels
    else { return [] }
    let better = slowest.bestKernels.flatMap { $0 == slowest.kernels ? nil : $0 }
    let remedy =
      slowest.coreType != nil
      ? "unset OPENBLAS_CORETYPE on all nodes, unless some of them need it to compute the same bits"
      : better.map { "set OPENBLAS_CORETYPE=\($0) on all nodes whose CPUs have its instructions" }
        ?? "install a newer OpenBLAS, which knows this CPU"
    return [
      .warning(
        .kernels,
        "a matrix product by OpenBLAS \(slowest.openBLAS) with kernels for \(slowest.kernels)"
          + (slowest.coreType.map { " (OPENBLAS_CORETYPE=\($0))" } ?? "")
          + " takes \(format(slowest.kernelTime, 2)) times as long as by oneDNN with "
          + slowest.instructions,
        remedy)
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
