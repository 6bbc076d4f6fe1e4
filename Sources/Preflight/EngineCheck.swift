import Console
import Dist
import Files
import Kernels

/// Compares engines of matrix products: those of all ranks before the first step, and a resumed run's with the one that it had before.
package enum EngineCheck {
  /// The message about different engines, with the ranks of each and the remedy; nil if all are equal.
  ///
  /// - Parameters:
  ///   - engines: the engine of every rank
  ///   - hosts: the host name of every rank
  package static func difference(_ engines: [ProductEngine], hosts: [String]) -> String? {
    let sides = groups(of: engines.enumerated().map { (rank: $0.offset, text: "\($0.element)") })
    guard sides.count > 1 else { return nil }
    let lines = sides.map { side in
      let names = side.ranks.reduce(into: [String]()) { names, rank in
        if !names.contains(hosts[rank]) { names.append(hosts[rank]) }
      }
      let more = names.count > 4 ? " and \(names.count - 4) more nodes" : ""
      return
        "  \(words(forRanks: side.ranks)) on \(names.prefix(4).joined(separator: ", "))\(more): "
        + side.text
    }
    return "the ranks compute matrix products with different kernels, whose last bits differ:\n"
      + lines.joined(separator: "\n") + "\n" + remedy(engines)
  }

  /// The command that makes the engines equal.
  package static func remedy(_ engines: [ProductEngine]) -> String {
    let libraries = "Install the same OpenBLAS and oneDNN on all nodes"
    guard Set(engines.map(\.kernels)).count > 1 else {
      return engines.contains { $0.oneDNN != engines[0].oneDNN }
        ? libraries + ", or set ONEDNN_MAX_CPU_ISA to the same value on all of them" : libraries
    }
    let common = ProductEngine.common(engines.map(\.kernels)) ?? "…"
    let same = Set(engines.map(\.openBLAS)).count == 1 ? "" : ". \(libraries)"
    return
      "Set OPENBLAS_CORETYPE=\(common) on all nodes: mpirun -x OPENBLAS_CORETYPE=\(common) …, or export it and "
      + "use cluster/launch.sh, which passes it on\(same)"
  }

  /// The message about a run that resumes with an engine other than `before`; nil if it does not, or if `before` is not known.
  package static func change(from before: ProductEngine?, to now: ProductEngine) -> String? {
    guard let before, "\(before)" != "\(now)" else { return nil }
    let remedy =
      before.kernels == now.kernels
      ? "" : "; to keep the same bits, set OPENBLAS_CORETYPE=\(before.kernels) on all nodes"
    return
      "the matrix products of this run were computed by \(before), and from here on by \(now): the last bits "
      + "of later steps will differ from those of an unchanged run\(remedy)"
  }
}

extension Communicator {
  /// Compares the ranks' engines, and lets rank 0 report different ones. Collective.
  ///
  /// - Parameter strategy: the strategy of a run; if it guarantees the same bits on any number of ranks, different engines are refused
  package func compareEngines(_ own: ProductEngine, for strategy: ReductionStrategy? = nil) throws {
    let engines = try allGather(Array(JSONFile.encode(own, formatting: []).utf8)).map {
      try JSONFile.decode(ProductEngine.self, $0, path: "a rank's engine of matrix products")
    }
    guard let difference = EngineCheck.difference(engines, hosts: try hosts()) else { return }
    if let strategy, strategy.isRankInvariant {
      throw AgreedFailure(
        difference
          + "\n--reduce \(strategy.rawValue) guarantees the same bits on any number of ranks, which is impossible with these",
        status: 2)
    }
    if isRoot { printError("warning: \(difference)") }
  }
}
