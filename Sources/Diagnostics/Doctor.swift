import Benchmarks
import Configuration
import Data
import Dist
import Files
import Foundation
import Kernels
import Model
import Preflight
import Storage
import Training

/// Checks nodes, ranks and the Slurm job before a run.
public struct Doctor {
  /// The configuration of the run.
  private let config: RunConfig
  private let preset: String
  private let usesData: Bool
  private let thorough: Bool
  private let launch: Launch
  private let communicator: Communicator

  /// - Parameters:
  ///   - preset: the preset that `config` is based on
  ///   - usesData: true if the data must exist
  ///   - thorough: true to measure longer, for reliable figures
  ///   - launch: the launcher of this process, determined before `MPI.run`
  public init(
    _ config: RunConfig, preset: RunConfig.Preset, usesData: Bool, thorough: Bool, launch: Launch,
    communicator: Communicator
  ) {
    self.config = config
    self.preset = preset.rawValue
    self.usesData = usesData
    self.thorough = thorough
    self.launch = launch
    self.communicator = communicator
  }

  /// Collects facts, measures and judges. Collective; all ranks get the same report.
  public func run() throws -> DoctorReport {
    var shared = config
    shared.threads = nil
    try communicator.agree(
      on: try shared.yaml + "\(usesData) \(thorough)", what: "the options of doctor", status: 2)
    let threads = try TrainingSession.threads(config, communicator)
    // Read before the measurements take any memory, as in a run.
    let before = (limits: MemoryLimits.now, program: ResidentMemory.now ?? 0)
    let threadProblem = ThreadCheck.problem(
      threads, besides: config.stallTimeout != nil ? 1 : 0)
    var looking = MemoryNeed()
    looking.threads = threads
    let fits =
      threadProblem == nil && MemoryJudge.refusal(looking, limits: before.limits) == nil
    let team = ThreadTeam(size: fits ? threads : 1)
    var own = RankFacts(
      communicator, launch: launch, team: team, config, usesData: usesData)
    (own.threads, own.limits, own.threadProblem) = (threads, before.limits, threadProblem)
    let ids = Int(try communicator.allReduce([Double(own.vocabulary ?? 0)], .max)[0])
    let model = config.model(
      vocabularySize: ids > 0 ? ids : StepBenchmark.syntheticVocabulary)
    own.need = MemoryPlan(config, model: model, ranks: communicator.size, threads: threads).need
    own.need.program = before.program
    own.need.mapped = own.dataBytes

    var facts = ClusterFacts()
    facts.run = run(model)
    let probe = try SharedFolderProbe(config.out, communicator)
    own.seesOutput = probe.isSeen()
    facts.output = try probe.finish()
    communicator.note("measuring products, links and sums")
    own.productSeconds = try products(model, team, own)
    facts.ranks = try communicator.gatherFacts(own)

    let firsts = facts.nodes.map { $0[0].rank }
    facts.clocks = try communicator.clockOffsets(of: firsts)
    facts.links = try communicator.links(
      inRingOf: firsts.count > 1 ? firsts : facts.ranks.map(\.rank))
    facts.reduction = try reduction(facts)
    if communicator.isRoot { facts.slurm = SlurmFacts.ask() }
    return DoctorReport(facts)
  }

  private func run(_ model: ModelConfig) -> ClusterFacts.Run {
    var run = ClusterFacts.Run()
    run.preset = preset
    run.parameters = ParameterTable(model).count
    run.microBatches = config.microBatchesPerStep
    run.sequencesPerMicroBatch = config.microBatch
    run.flopsPerSequence =
      Double(model.context) * OperationCost.flopsPerToken(model, length: model.context)
    run.keep = config.keep
    run.reduce = config.reduce
    run.data = config.data
    do { try config.checkShares(ranks: communicator.size) } catch { run.sharesProblem = "\(error)" }
    return run
  }

  /// Seconds of the matrix products of one sequence on this rank, while all ranks compute; nil if there is no memory to measure them.
  /// Collective.
  private func products(
    _ model: ModelConfig, _ team: ThreadTeam, _ own: RankFacts
  ) throws -> Double? {
    var use = config.decoderUse
    // A precision that this machine lacks has a separate verdict.
    if own.precisionProblem != nil { (use.precision, use.engine) = (.fp32, nil) }
    let sequences = thorough ? config.microBatch : 1
    let bytes =
      Roofline.count(model, use, sequences: sequences, length: model.context)
      * MemoryLayout<Float>.stride
    let limits = MemoryLimits.now
    let most = [limits.addressSpace, limits.data].compactMap { $0.map { $0.value - $0.used } }.min()
    let room =
      min(
        limits.available, limits.group?.value ?? .max,
        (most ?? .max) / 2) / communicator.node.ranksOnNode
    // Processes that do not see each other would disturb each other's measurements.
    let isAlone = launch.separation(worldSize: communicator.size) != nil
    if try communicator.any(isAlone || bytes > room / 2 || team.size < own.threads) { return nil }
    let roofline = Roofline(
      model, use, sequences: sequences, length: model.context, team: team)
    try communicator.barrier()
    roofline.calibrate(rounds: thorough ? 3 : 1)
    var seconds: [Double] = []
    for _ in 0..<(thorough ? 5 : 2) {
      try communicator.barrier()
      seconds.append(roofline.pass().values.reduce(0, +))
    }
    return (seconds.min() ?? 0) / Double(sequences)
  }

  /// Measures sums as in training, of a gradient that the links transfer in about a tenth of a second. Collective.
  private func reduction(_ facts: ClusterFacts) throws -> ClusterFacts.Reduction? {
    guard communicator.size > 1 else { return nil }
    let whole = facts.run.parameters
    let slowest = facts.links.map(\.bytesPerSecond).min() ?? 1e9
    let floats = Int(clamping: Int64(slowest * 0.1)) / MemoryLayout<Float>.stride
    // At least one call of training's size, and a few larger ones to compare with.
    let count = thorough ? whole : min(whole, max(1 << 21, min(1 << 24, floats)))
    let result = try CollectiveBenchmark(count: count, communicator: communicator)
      .run(rounds: thorough ? 5 : 2)
    let all = result.chunks + [result.oneCall]
    let used = all.first { $0.chunkBytes == result.usedChunkBytes } ?? result.oneCall
    let best = all.first { $0.chunkBytes == result.bestChunkBytes } ?? result.oneCall
    return ClusterFacts.Reduction(
      bytes: result.bytes, seconds: used.seconds, secondsBest: best.seconds,
      chunkBytes: used.chunkBytes, chunkBytesBest: best.chunkBytes)
  }
}

extension Communicator {
  /// Every rank's facts, in the order of the ranks. Collective.
  fileprivate func gatherFacts(_ own: RankFacts) throws -> [RankFacts] {
    try allGather(Array(JSONFile.encode(own, formatting: []).utf8)).map {
      try JSONFile.decode(RankFacts.self, $0, path: "a rank's facts")
    }
  }
}
