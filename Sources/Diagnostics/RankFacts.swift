import Buffers
import Configuration
import Data
import Dist
import Files
import Foundation
import Kernels
import Model
import Preflight
import Training

/// The facts that one rank collects about its process and its node. Tests make up other facts.
package struct RankFacts: Sendable, Codable {
  /// The rank, the host name of its node, and the node's number in the job.
  package var rank = 0
  package var host = "here"
  package var node = 0
  /// CPUs on which it may run.
  package var cpus = [0]
  /// CPUs of the node, or of the Slurm job on it.
  package var nodeCPUs = 1
  /// CPUs' worth of time that its control group may use; nil without a limit.
  package var quota: Int?
  /// Threads of its team.
  package var threads = 1
  /// Processes that want to run on the node: its load average over one minute.
  package var load = 0.0

  /// The CPU's name.
  package var cpuModel = "?"
  /// The engine of the run's matrix products on this rank.
  package var engine = EngineIdentity()
  /// The first product that it computed wrongly; nil if there is none.
  package var engineProblem: String?
  /// Seconds of a matrix product by each engine that computes in the run's precision, on one thread.
  package var engineSeconds: [String: Double] = [:]
  /// OPENBLAS_CORETYPE; nil if it is not set.
  package var coreType: String?
  package var mpi = "?"
  /// XXH3-128 of the program's file.
  package var program = "?"

  /// The memory that the run needs on this rank, and the limits on it.
  package var need = MemoryNeed()
  package var limits = MemoryLimits()
  /// The reason why it cannot start the threads that a run needs; nil if it can.
  package var threadProblem: String?
  /// The limits on open files and on locked bytes; nil without a limit.
  package var openFiles: Int?
  package var lockedMemory: Int?
  /// True if the node has InfiniBand or a similar network, which locks memory.
  package var hasInfiniBand = false
  /// `always`, `madvise` or `never`; nil if the system has no huge pages.
  package var largePages: String?
  /// The frequency governor of the first CPU; nil if it is not known.
  package var governor: String?
  /// The CPUs of each memory (NUMA node) of the node.
  package var memories: [[Int]] = []

  /// The launcher of its process.
  package var launch = Launch(environment: [:])
  /// True if it saw the file that rank 0 wrote into the output folder.
  package var seesOutput = true
  /// The fingerprint of the data; nil if they have a problem or none were named.
  package var data: String?
  /// The problem with the data; nil if there is none.
  package var dataProblem: String?
  /// Bytes of the data's tokens.
  var dataBytes = 0
  /// The number of token ids of the data.
  package var vocabulary: Int?
  /// The reason why it cannot compute in the run's precision; nil if it can.
  package var precisionProblem: String?

  /// Seconds of the matrix products of one sequence; nil if they were not measured.
  package var productSeconds: Double?

  /// The facts of a rank without problems.
  package init() {}
}

extension RankFacts {
  /// The facts that this rank collects without the other ranks.
  ///
  /// - Parameters:
  ///   - team: this rank's team
  ///   - usesData: true if the data must exist
  init(
    _ communicator: Communicator, launch: Launch, team: ThreadTeam, _ config: RunConfig,
    usesData: Bool
  ) {
    self.launch = launch
    rank = communicator.rank
    host = communicator.host
    node = communicator.node.node
    threads = team.size
    look(SystemFiles())
    coreType = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"]
    mpi = MPI.libraryVersion
    program = (try? XXH128.hash(file: "/proc/self/exe")) ?? "?"
    do {
      try config.precision.requireSupport()
      tryEngines(config.decoderUse, team)
    } catch { precisionProblem = "\(error)" }
    if usesData { read(config) }
  }

  private mutating func tryEngines(_ use: DecoderUse, _ team: ThreadTeam) {
    let trial = team.tryProducts(use.products(workers: team.size), rounds: use.precision.rounds)
    engine = EngineIdentity(use.productEngine, fingerprints: trial.fingerprints)
    engineProblem = trial.problem
    engineSeconds = Dictionary(
      uniqueKeysWithValues: EngineSpeed.measure(use.precision).map { ($0.key.rawValue, $0.value) })
  }

  private mutating func look(_ system: SystemFiles) {
    cpus = Affinity.cpus()
    nodeCPUs = max(system.processors, 1)
    quota = Affinity.quota()
    load = system.load
    cpuModel = system.cpuModel
    openFiles = ProcessLimit.openFiles.value
    lockedMemory = system.limit("Max locked memory")
    hasInfiniBand = system.hasInfiniBand
    largePages = system.largePages
    governor = system.governor
    memories = system.memories
  }

  /// Reads what training would read before its first step, except the contents of the shards.
  private mutating func read(_ config: RunConfig) {
    do {
      let dataset = try TokenDataset(folder: config.data)
      data = dataset.fingerprint
      vocabulary = dataset.info.vocabularySize
      dataBytes = 2 * (dataset.info.train.tokens + dataset.info.validation.tokens)
      let model = try TokenWorkload.shape(config, over: dataset)
      _ = try Windows(dataset, split: .train, length: model.context)
    } catch { dataProblem = "\(error)" }
  }
}
