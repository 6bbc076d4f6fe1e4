import Configuration
import Console
import Data
import Dist
import Kernels
import Model
import Profiling
import Training

/// The result of `bench`.
public struct StepBenchmarkResult: Sendable, Codable {
  /// The host name of rank 0.
  public let host: String
  /// The number of ranks, and of the threads of rank 0.
  public let ranks, threads: Int
  /// The shape of the model.
  public let model: ModelConfig
  /// Floats of the model.
  public let parameters: Int
  /// Arithmetic of the matrix products.
  public let precision: Precision
  /// The library of the matrix products, of rank 0.
  public let engine: String
  /// True if activations were recomputed.
  public let recompute: Bool
  /// The strategy by which gradients were combined.
  public let reduce: ReductionStrategy
  /// The format in which gradients crossed the network.
  public let wire: WireFormat
  /// Sequences per micro-batch, and per step over all ranks.
  public let microBatch, batch: Int
  /// Steps that were measured, and steps before them.
  public let steps, warmUp: Int

  /// Targets per step.
  public let tokensPerStep: Int
  /// The time of each measured step on the slowest rank.
  public let secondsOfSteps: [Double]
  /// Their median.
  public let secondsPerStep: Double
  /// The time that a step waited for communication: on the rank that waited least, which was the last to arrive, and on the rank that
  /// waited most. The difference is waiting for slower ranks. Medians.
  public let secondsExposed, secondsExposedMost: Double
  /// The time during backward in which communication was in progress, and the part of it that the computing thread spent in MPI: medians
  /// of the largest times of any rank; nil if nothing overlaps.
  public let secondsHidden, secondsPolling: Double?
  /// `tokensPerStep / secondsPerStep`
  public let tokensPerSecond: Double
  /// 6 for every weight of a product, and those of causal attention.
  public let flopsPerToken: Double
  /// The sum over all ranks.
  public let gigaflopsPerSecond: Double

  /// The median time of the step's matrix products alone.
  public let rooflineSecondsPerStep: Double
  /// The sum over all ranks for the matrix products alone.
  public let rooflineGigaflopsPerSecond: Double
  /// The median over the steps of the time of the products alone, measured before and after the step, divided by the step's time.
  public let shareOfRoofline: Double
  /// The speed of a matrix product of 512 x 512 by every engine that computes in this precision, if each thread of all ranks had its core
  /// for itself.
  public let engineGigaflopsPerSecond: [String: Double]
  /// The speed of the step divided by that of the fastest engine.
  public let shareOfPeak: Double
  /// The bandwidth of y ← y + x on vectors larger than the caches, summed over all ranks.
  public let memoryGigabytesPerSecond: Double

  /// Bytes of memory traffic and floating-point operations of the optimizer in a step, over all weights.
  public let optimizerBytes, optimizerOperations: Int

  /// The largest resident memory of any rank after warming up; 0 if the system does not report it.
  public let bytesResident: Int
  /// The memory of a rank as `pretrain --dry-run` predicts it.
  public let bytesPredicted: Int

  /// The step on other numbers of threads; nil if none were asked for.
  public let simulated: SimulatedStep?

  /// The time of threads by operation.
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
    let productEngine = config.decoderUse.productEngine
    engine = EngineIdentity(productEngine, fingerprints: []).library
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
    engineGigaflopsPerSecond = Dictionary(
      uniqueKeysWithValues: measurement.engines.map { ($0.key.rawValue, $0.value / 1e9) })
    shareOfPeak =
      gigaflopsPerSecond / (engineGigaflopsPerSecond.values.max() ?? gigaflopsPerSecond)
    memoryGigabytesPerSecond = measurement.bandwidth / 1e9
    optimizerBytes = plan.parameters * config.optimizer.bytesPerParameter
    optimizerOperations = plan.parameters * config.optimizer.operationsPerParameter
    bytesResident = measurement.bytesResident
    simulated = measurement.simulated
    bytesPredicted = plan.bytes
    let cost = OperationCost(
      model, config.decoderUse, sequences: config.microBatch, length: model.context,
      optimizer: config.optimizer)
    self.profile = ProfileTable(
      profile, cost: cost, microBatches: Double(config.microBatchesPerStep * config.steps),
      steps: config.steps,
      machine: ProfileTable.Machine(
        secondsOfMicroBatch: measurement.microBatch, ranks: ranks, bandwidth: measurement.bandwidth)
    )
  }

  /// The result as text.
  public var description: String {
    let ratio = bytesPredicted > 0 ? Double(bytesResident) / Double(bytesPredicted) : 0
    return """
      \(ranks) rank\(ranks == 1 ? "" : "s") of \(threads) thread\(threads == 1 ? "" : "s") on \(host), \
      \(precision.rawValue), \(grouped(parameters)) parameters, \(batch) sequences of \
      \(model.context) tokens per step in micro-batches of \(microBatch), dropout \(model.dropout)\
      \(recompute ? ", activations recomputed" : "")
      step            \(format(secondsPerStep, 4)) s, median of \(steps) after \(warmUp)
      speed           \(format(tokensPerSecond, 1)) tokens/s, \
      \(format(gigaflopsPerSecond, 1)) GFLOP/s at \(format(flopsPerToken / 1e9, 4)) GFLOP per token
      products alone  \(format(rooflineSecondsPerStep, 4)) s per step, \
      \(format(rooflineGigaflopsPerSecond, 1)) GFLOP/s
      roofline        \(format(shareOfRoofline, 3)) of it, median of \(steps) pairs
      peak            \(format(shareOfPeak, 3)) of the fastest engine's speed on products of 512 x 512
      engine          \(engines)
      optimizer       \(gigabytes(optimizerBytes)) of memory traffic and \
      \(format(Double(optimizerOperations) / 1e9, 4)) GFLOP per step
      \(communication)\
      memory          \(gigabytes(bytesResident)) resident at most, \(gigabytes(bytesPredicted)) \
      predicted (\(format(ratio, 3)))
      \(simulated?.description ?? "")
      \(profile.description)
      """
  }

  private var engines: String {
    let speeds = engineGigaflopsPerSecond.sorted { $0.value > $1.value }
    let own = ProductEngine.allCases.first { engine.lowercased().hasPrefix($0.rawValue) }
      .flatMap { engineGigaflopsPerSecond[$0.rawValue] }
    var text =
      "\(engine); GFLOP/s on products of 512 x 512: "
      + speeds.map { "\($0.key) \(format($0.value, 1))" }.joined(separator: ", ")
    if let own, let best = speeds.first, best.value > 1.05 * own {
      text += "; --engine \(best.key) is \(format(best.value / own, 2)) times as fast"
    }
    return text
  }

  /// A line about communication; empty on one rank.
  private var communication: String {
    guard ranks > 1 else { return "" }
    let hidden = secondsHidden.map {
      "; \(format($0, 4)) s hidden, of which \(format(secondsPolling ?? 0, 4)) s were spent in MPI"
    }
    return
      "communication   \(reduce.rawValue), \(wire.rawValue): \(format(secondsExposed, 4)) s exposed on the last rank, "
      + "\(format(secondsExposedMost, 4)) s on the first\(hidden ?? "")\n"
  }
}
