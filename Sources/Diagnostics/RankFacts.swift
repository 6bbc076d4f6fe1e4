import Buffers
import Configuration
import Data
import Dist
import Files
import Foundation
import Kernels
import Preflight
import Training

/// What one rank finds out about its process and its machine. Tests make up others than there are.
package struct RankFacts: Sendable, Codable {
  /// The rank, its machine's name, and the machine's number among those of the job.
  package var rank = 0
  package var host = "here"
  package var node = 0
  /// CPUs that it may run on.
  package var cpus = [0]
  /// CPUs of the machine, or of Slurm's job on it.
  package var nodeCPUs = 1
  /// CPUs' worth of time that its control group may use; nil without a limit.
  package var quota: Int?
  /// Threads of its team.
  package var threads = 1
  /// Processes that want to run on the machine, as its load average of a minute says.
  package var load = 0.0

  /// The processor's name.
  package var cpuModel = "?"
  /// OpenBLAS's version and the processor whose kernels it chose.
  package var openBLAS = "?"
  package var kernels = "?"
  package var oneDNN = "?"
  package var instructions = "?"
  /// How many times as long a product takes by OpenBLAS as by oneDNN, on one thread.
  package var kernelTime = 1.0
  /// The kernels that this CPU has instructions for; nil where that is not known.
  package var bestKernels: String?
  /// OPENBLAS_CORETYPE; nil where it is not set.
  package var coreType: String?
  package var mpi = "?"
  /// What its products of fixed factors come out as: several where that depends on the thread.
  package var products = ["0"]
  /// XXH3-128 of the program's file.
  package var program = "?"

  /// What the run takes on it, and what it may have.
  package var need = MemoryNeed()
  package var limits = MemoryLimits()
  /// Why it may not start the threads that a run needs; nil where it may.
  package var threadProblem: String?
  /// Open files and bytes that it may lock; nil without a limit.
  package var openFiles: Int?
  package var lockedMemory: Int?
  /// Whether the machine has InfiniBand or the like, which locks memory.
  package var hasInfiniBand = false
  /// `always`, `madvise` or `never`; nil where the system knows no large pages.
  package var largePages: String?
  /// How the first CPU's frequency is chosen, where that can be asked.
  package var governor: String?
  /// CPUs of each of the machine's memories.
  package var memories: [[Int]] = []

  /// Who started it.
  package var launch = Launch(environment: [:])
  /// Whether it saw what rank 0 wrote into the output's folder.
  package var seesOutput = true
  /// Of the data, or what is wrong with it; both nil where no data was named.
  package var data: String?
  package var dataProblem: String?
  /// Bytes of its tokens.
  package var dataBytes = 0
  /// Token ids of the data.
  package var vocabulary: Int?
  /// Why it cannot compute in the run's precision; nil where it can.
  package var precisionProblem: String?

  /// Seconds of the products of one sequence; nil where they were not measured.
  package var productSeconds: Double?

  /// A rank that all is well with.
  package init() {}
}

extension RankFacts {
  /// What this rank finds without the others.
  ///
  /// - Parameters:
  ///   - team: this rank's
  ///   - usesData: whether the data have to be there
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
    openBLAS = MathLibraries.openBLASVersion
    kernels = MathLibraries.openBLASKernels
    oneDNN = MathLibraries.oneDNNVersion
    instructions = MathLibraries.oneDNNInstructions
    let seconds = KernelSpeed.measure()
    kernelTime = seconds.openBLAS / seconds.oneDNN
    coreType = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"]
    mpi = MPI.libraryVersion
    products = team.productFingerprints().map { String($0, radix: 16) }
    program = (try? XXH128.hash(file: "/proc/self/exe")) ?? "?"
    do { try config.precision.requireSupport() } catch { precisionProblem = "\(error)" }
    if usesData { read(config) }
  }

  private mutating func look(_ system: SystemFiles) {
    cpus = Affinity.cpus()
    nodeCPUs = max(system.processors, 1)
    quota = Affinity.quota()
    load = system.load
    cpuModel = system.cpuModel
    bestKernels = system.bestKernels
    openFiles = ProcessLimit.openFiles.value
    lockedMemory = system.limit("Max locked memory")
    hasInfiniBand = system.hasInfiniBand
    largePages = system.largePages
    governor = system.governor
    memories = system.memories
  }

  /// What training would read before its first step, the contents of the shards apart.
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
