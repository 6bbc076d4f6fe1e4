import Configuration
import Console
import Data
import Dist
import Kernels
import Model
import Profiling
import Training

/// What `bench` found, for people and for programs.
public struct StepBenchmarkResult: Sendable, Codable {
  /// Rank 0's machine.
  public let host: String
  /// Ranks, and threads of rank 0.
  public let ranks, threads: Int
  /// The shape of the model.
  public let model: ModelConfig
  /// Floats of the model.
  public let parameters: Int
  /// Arithmetic of the matrix products.
  public let precision: Precision
  /// Whether activations were computed anew.
  public let recompute: Bool
  /// How gradients were combined.
  public let reduce: ReductionStrategy
  /// How they crossed the network.
  public let wire: WireFormat
  /// Sequences of a leaf, and of a step over all ranks.
  public let microBatch, batch: Int
  /// Steps that were measured, and steps before them.
  public let steps, warmUp: Int

  /// Targets of a step.
  public let tokensPerStep: Int
  /// Of each measured step: the slowest rank's.
  public let secondsOfSteps: [Double]
  /// Their median.
  public let secondsPerStep: Double
  /// What a step waited for communication, on the rank that waited least, the last to arrive, and on that which waited most: the
  /// difference is waiting for slower ranks. Medians.
  public let secondsExposed, secondsExposedMost: Double
  /// In which communication went on beside backward, and what of it the computing thread gave to MPI: medians of the most of any
  /// rank; nil where nothing is overlapped.
  public let secondsHidden, secondsPolling: Double?
  /// `tokensPerStep / secondsPerStep`
  public let tokensPerSecond: Double
  /// 6 for every weight of a product, and causal attention.
  public let flopsPerToken: Double
  /// Of all ranks together.
  public let gigaflopsPerSecond: Double

  /// The step's matrix products alone: the median.
  public let rooflineSecondsPerStep: Double
  /// Those of all ranks together.
  public let rooflineGigaflopsPerSecond: Double
  /// The median of the steps' ratios of products alone, measured before and after the step, to the step.
  public let shareOfRoofline: Double
  /// y ← y + x beyond the caches, of all ranks together.
  public let memoryGigabytesPerSecond: Double

  /// Bytes of memory traffic and floating-point operations of the optimizer in a step, over all weights.
  public let optimizerBytes, optimizerOperations: Int

  /// The most resident memory of any rank after warming up; 0 where the system does not say.
  public let bytesResident: Int
  /// The memory of a rank as `pretrain --dry-run` predicts it.
  public let bytesPredicted: Int

  /// Where the time of threads went.
  public let profile: ProfileTable

  init(
    _ config: RunConfig, _ model: ModelConfig, ranks: Int, host: String, threads: Int,
    warmUp: Int, plan: MemoryPlan, measurement: StepBenchmark.Measurement, profile: StepProfile
  ) {
    self.host = host
    self.ranks = ranks
    self.threads = threads
    self.model = model
    self.warmUp = warmUp
    parameters = plan.parameters
    precision = config.precision
    recompute = config.recompute
    reduce = config.reduce
    wire = config.wire
    microBatch = config.microBatch
    batch = config.batch
    steps = config.steps
    tokensPerStep = config.batch * model.context
    secondsOfSteps = measurement.steps
    secondsPerStep = median(measurement.steps)
    secondsExposed = median(measurement.leastExposed)
    secondsExposedMost = median(measurement.mostExposed)
    let hidden = measurement.hidden
    secondsHidden = hidden.isEmpty ? nil : median(hidden.map(\.hidden))
    secondsPolling = hidden.isEmpty ? nil : median(hidden.map(\.polling))
    tokensPerSecond = Double(tokensPerStep) / secondsPerStep
    flopsPerToken = OperationCost.flopsPerToken(model, length: model.context)
    let flops = flopsPerToken * Double(tokensPerStep)
    gigaflopsPerSecond = flops / secondsPerStep / 1e9
    rooflineSecondsPerStep = median(measurement.rooflines)
    rooflineGigaflopsPerSecond = flops / rooflineSecondsPerStep / 1e9
    shareOfRoofline = median(zip(measurement.rooflines, measurement.steps).map { $0 / $1 })
    memoryGigabytesPerSecond = measurement.bandwidth / 1e9
    optimizerBytes = plan.parameters * config.optimizer.bytesPerParameter
    optimizerOperations = plan.parameters * config.optimizer.operationsPerParameter
    bytesResident = measurement.bytesResident
    bytesPredicted = plan.bytes
    let cost = OperationCost(
      model, config.decoderUse, sequences: config.microBatch, length: model.context,
      optimizer: config.optimizer)
    self.profile = ProfileTable(
      profile, cost: cost, leaves: Double(config.leaves * config.steps), steps: config.steps,
      machine: ProfileTable.Machine(
        secondsOfLeaf: measurement.leaf, ranks: ranks, bandwidth: measurement.bandwidth))
  }

  /// A page for people.
  public var description: String {
    let ratio = bytesPredicted > 0 ? Double(bytesResident) / Double(bytesPredicted) : 0
    return """
      \(ranks) rank\(ranks == 1 ? "" : "s") of \(threads) thread\(threads == 1 ? "" : "s") on \(host), \
      \(precision.rawValue), \(grouped(parameters)) parameters, \(batch) sequences of \
      \(model.context) tokens a step in micro-batches of \(microBatch), dropout \(model.dropout)\
      \(recompute ? ", activations recomputed" : "")
      step            \(format(secondsPerStep, 4)) s, median of \(steps) after \(warmUp)
      speed           \(format(tokensPerSecond, 1)) tokens/s, \
      \(format(gigaflopsPerSecond, 1)) GFLOP/s at \(format(flopsPerToken / 1e9, 4)) GFLOP a token
      products alone  \(format(rooflineSecondsPerStep, 4)) s a step, \
      \(format(rooflineGigaflopsPerSecond, 1)) GFLOP/s
      roofline        \(format(shareOfRoofline, 3)) of it, median of \(steps) pairs
      optimizer       \(gigabytes(optimizerBytes)) of memory traffic and \
      \(format(Double(optimizerOperations) / 1e9, 4)) GFLOP a step
      \(communication)\
      memory          \(gigabytes(bytesResident)) resident at most, \(gigabytes(bytesPredicted)) \
      predicted (\(format(ratio, 3)))

      \(profile.description)
      """
  }

  /// A line where there is something to wait for.
  private var communication: String {
    guard ranks > 1 else { return "" }
    let hidden = secondsHidden.map {
      "; \(format($0, 4)) s hidden, of which \(format(secondsPolling ?? 0, 4)) s went to MPI"
    }
    return
      "communication   \(reduce.rawValue), \(wire.rawValue): \(format(secondsExposed, 4)) s exposed on the last rank, "
      + "\(format(secondsExposedMost, 4)) s on the first\(hidden ?? "")\n"
  }
}
