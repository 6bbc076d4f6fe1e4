import Console
import Dist
import Files
import Kernels
import Model

/// Compares engines of matrix products: those of all ranks before the first step, and a resumed run's with the one that it had before.
package enum EngineCheck {
  /// The message about different engines, with the ranks of each and the remedy; nil if all are equal.
  ///
  /// - Parameters:
  ///   - engines: the engine of every rank
  ///   - hosts: the host name of every rank
  package static func difference(_ engines: [EngineIdentity], hosts: [String]) -> String? {
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
  package static func remedy(_ engines: [EngineIdentity]) -> String {
    let libraries = Set(engines.map(\.engine))
    // One of them computes with OpenBLAS, which all ranks can.
    let asks = libraries.count > 1 ? ["--engine openblas"] : []
    guard libraries.count > 1 || engines[0].engine != .onednn else {
      return
        "Install the same oneDNN on all nodes, or set ONEDNN_MAX_CPU_ISA to the same value on all of them"
    }
    let installs = "nstall the same OpenBLAS and oneDNN on all nodes"
    let kernels = engines.map(\.kernels)
    guard Set(kernels).count > 1 else {
      return asks.first.map { "Use \($0) on all ranks" } ?? "I" + installs
    }
    let common = EngineIdentity.common(kernels) ?? "…"
    let same = Set(engines.map(\.openBLAS)).count == 1 ? "" : ". I\(installs)"
    return
      (asks.first.map { "Use \($0), and s" } ?? "S")
      + "et OPENBLAS_CORETYPE=\(common) on all nodes: mpirun -x OPENBLAS_CORETYPE=\(common) …, or export it and "
      + "use cluster/launch.sh, which passes it on\(same)"
  }

  /// The message about a run that resumes with an engine other than `before`; nil if it does not, or if `before` is not known.
  package static func change(from before: EngineIdentity?, to now: EngineIdentity) -> String? {
    guard let before, "\(before)" != "\(now)" else { return nil }
    let known = before.engine ?? (before.oneDNN == nil ? .openblas : .onednn)
    var settings: [String] = []
    if known != now.engine { settings.append("use --engine \(known.rawValue)") }
    if known == .openblas, before.kernels != now.kernels {
      settings.append("set OPENBLAS_CORETYPE=\(before.kernels) on all nodes")
    }
    let remedy =
      settings.isEmpty
      ? "" : "; to keep the same bits, \(settings.joined(separator: " and "))"
    return
      "the matrix products of this run were computed by \(before), and from here on by \(now): the last bits "
      + "of later steps will differ from those of an unchanged run\(remedy)"
  }

  /// This rank's engine for `use`, after a trial of it. Throws if it computes wrongly.
  package static func identity(of use: DecoderUse, on team: ThreadTeam) throws -> EngineIdentity {
    let trial = team.tryProducts(use.products(workers: team.size), rounds: use.precision.rounds)
    let identity = EngineIdentity(use.productEngine, fingerprints: trial.fingerprints)
    if let problem = trial.problem {
      let (finding, remedy) = wrong(identity, problem)
      throw InputError("\(finding): \(remedy)")
    }
    return identity
  }

  /// The message about an engine that computes wrongly, and the remedy.
  package static func wrong(
    _ engine: EngineIdentity, _ problem: String
  ) -> (finding: String, remedy: String) {
    let other = ProductEngine.allCases.first { $0 != engine.engine }?.rawValue ?? ""
    return (
      "\(engine.library) computes wrongly on this CPU: \(problem)",
      "install another version, use --engine \(other), or set "
        + (engine.engine == .onednn ? "ONEDNN_MAX_CPU_ISA=AVX2" : "OPENBLAS_CORETYPE=Haswell")
    )
  }
}

extension Communicator {
  /// Compares the ranks' engines, and lets rank 0 report different ones. Collective.
  ///
  /// - Parameter strategy: the strategy of a run; if it guarantees the same bits on any number of ranks, different engines are refused
  package func compareEngines(_ own: EngineIdentity, for strategy: ReductionStrategy? = nil) throws
  {
    let engines = try allGather(Array(JSONFile.encode(own, formatting: []).utf8)).map {
      try JSONFile.decode(EngineIdentity.self, $0, path: "a rank's engine of matrix products")
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
