import Configuration
import Console
import Data
import Dist
import Files
import Inference
import Kernels
import Model
import Preflight
import Profiling
import Storage
import Tokenization
import Training

/// Measures whole training steps of the real trainer, alternating with the matrix products of such a step alone.
public struct StepBenchmark {
  /// The run whose steps are measured; `data` is read only if `usesData`.
  public let config: RunConfig
  /// Steps before the measured ones.
  public let warmUp: Int
  private let usesData: Bool
  private let trace: String?
  private let simulatedThreads: [Int]
  private let communicator: Communicator
  private let clock = ContinuousClock()

  /// The vocabulary size without data, for presets that take the size of the data's vocabulary: as large as 8,000 merges give.
  public static let syntheticVocabulary = 8_108

  /// A benchmark of `config.steps` steps, with the vocabulary, shape and threads of `config`.
  ///
  /// - Parameters:
  ///   - usesData: true for tokens of the training split in `config.data`; false for random ones
  ///   - trace: the trace file to write; nil for none
  ///   - simulatedThreads: the numbers of threads with which the step is simulated; empty for none
  public init(
    _ config: RunConfig, warmUp: Int, usesData: Bool, trace: String?, simulatedThreads: [Int],
    communicator: Communicator
  ) {
    self.config = config
    self.warmUp = warmUp
    self.usesData = usesData
    self.trace = trace
    self.simulatedThreads = simulatedThreads
    self.communicator = communicator
  }

  /// Runs the benchmark. Collective.
  public func run() throws -> StepBenchmarkResult {
    var shared = config
    shared.threads = nil
    for entry in shared.entries {
      try communicator.agree(on: entry, what: "the configuration", status: 2)
    }
    try communicator.agree(
      on: "\(warmUp) \(trace ?? "") \(simulatedThreads)",
      what: "--warm-up, --trace and --simulate-threads", status: 2)
    try communicator.together {
      try InputFiles.require(
        trace, of: "--trace", otherThan: usesData ? InputFiles.files(in: config.data) : [])
      try config.precision.requireSupport()
      try config.checkShares(ranks: communicator.size)
    }
    let (windows, model) = try communicator.together { try source() }
    let threads = try TrainingSession.threads(config, communicator)
    let plan = MemoryPlan(
      config, model: model, ranks: communicator.size, threads: threads, saves: false)
    try plan.check(
      more: 4
        * Roofline.count(
          model, config.decoderUse, sequences: config.microBatch, length: model.context),
      on: communicator)
    let traceFile = try trace.map { try TraceFile($0, communicator: communicator, clock: clock) }
    let recorder = try OperationRecorder(
      threads: threads, traces: trace != nil || !simulatedThreads.isEmpty,
      communicator: communicator, clock: clock)
    let team = ThreadTeam(size: threads, observer: recorder)
    let state = ModelState(model, training: true, precision: config.precision)
    let trainer = try Trainer(
      config, state: state, communicator: communicator, team: team, check: nil, recorder: recorder,
      training: windows, clock: clock)
    state.table.initialize(state.weights, config: model, seed: config.seed, team: team)
    state.weightsChanged(team: team)
    for step in 0..<warmUp { _ = try trainer.step(step + 1) }
    // Read here: the step has taken all its memory, and the roofline none yet.
    let resident = try communicator.allReduce([Double(ResidentMemory.peak ?? 0)], .max)[0]
    recorder.reset()

    var measurement = try measure(trainer, model, team)
    try traceFile?.write(recorder)
    measurement.simulated = try simulate(recorder, threads: threads)
    measurement.bytesResident = Int(resident)
    let profile = try StepProfile(recorder, communicator: communicator)
    return StepBenchmarkResult(
      config, model, ranks: communicator.size, host: communicator.host, threads: threads,
      warmUp: warmUp, plan: plan, measurement: measurement, profile: profile)
  }

  /// The measured times, of the slowest rank.
  struct Measurement {
    /// The time of each step.
    var steps: [Double] = []
    /// For each step, the time that the rank that waited least, and the one that waited most, waited for communication.
    var leastExposed: [Double] = []
    var mostExposed: [Double] = []
    /// For each step with an overlapped reduction, the largest times of any rank.
    var hidden: [OverlapTimes] = []
    /// Seconds of a step's products: the mean of the measurements before and after each step.
    var rooflines: [Double] = []
    /// Median seconds of a micro-batch's products, by operation.
    var microBatch: [Operation: Double] = [:]
    /// Bytes per second of all ranks together.
    var bandwidth = 0.0
    /// Floating-point operations per second by engine on all threads of all ranks, if each had its core for itself.
    var engines: [ProductEngine: Double] = [:]
    var bytesResident = 0
    /// Rank 0's step on other numbers of threads.
    var simulated: SimulatedStep?

    /// Adds a step of all ranks. Collective.
    fileprivate mutating func add(
      _ seconds: Double, _ metrics: StepMetrics, _ communicator: Communicator
    ) throws {
      let exposed = metrics.secondsCommunication
      leastExposed.append(try communicator.allReduce([exposed], .min)[0])
      let most = try communicator.allReduce(
        [seconds, exposed, metrics.secondsHidden ?? -1, metrics.secondsPolling ?? 0], .max)
      steps.append(most[0])
      mostExposed.append(most[1])
      if most[2] >= 0 { hidden.append(OverlapTimes(hidden: most[2], polling: most[3])) }
    }
  }

  private func measure(
    _ trainer: Trainer, _ model: ModelConfig, _ team: ThreadTeam
  ) throws -> Measurement {
    let roofline = Roofline(
      model, config.decoderUse, sequences: config.microBatch, length: model.context, team: team)
    let microBatches = Double(config.shares(ranks: communicator.size).most)
    var passes: [[Operation: Double]] = []
    var bandwidths: [Double] = []
    func pass() throws {
      try communicator.barrier()
      let seconds = roofline.pass()
      let operations = Operation.allCases.filter { seconds[$0] != nil }
      let slowest = try communicator.allReduce(operations.map { seconds[$0] ?? 0 }, .max)
      passes.append(Dictionary(uniqueKeysWithValues: zip(operations, slowest)))
      bandwidths.append(try communicator.allReduce([roofline.bandwidth()], .sum)[0])
    }
    try communicator.barrier()
    roofline.calibrate()
    try pass()
    var result = Measurement()
    for step in 1...config.steps {
      try communicator.barrier()
      let start = clock.now
      let metrics = try trainer.step(warmUp + step)
      let seconds = start.duration(to: clock.now).seconds
      try result.add(seconds, metrics, communicator)
      try pass()
      let around = passes.suffix(2).map { $0.values.reduce(0, +) }
      result.rooflines.append(microBatches * (around[0] + around[1]) / 2)
      communicator.note("step \(step)/\(config.steps)  \(format(result.steps[step - 1], 3)) s")
    }
    for operation in passes[0].keys {
      result.microBatch[operation] = median(passes.compactMap { $0[operation] })
    }
    result.bandwidth = median(bandwidths)
    result.engines = try engines(team)
    return result
  }

  /// Simulates the step of this rank. Collective.
  private func simulate(_ recorder: OperationRecorder, threads: Int) throws -> SimulatedStep? {
    guard !simulatedThreads.isEmpty else { return nil }
    return try communicator.together {
      guard let regions = StepRegions(recorder) else {
        throw InputError(
          "the step has more tiles than are recorded; use fewer micro-batches",
          path: "--simulate-threads")
      }
      let simulation = ThreadSimulation(
        regions, threads: threads,
        handOutSeconds: ThreadSimulation.handOutSeconds(clock: clock))
      return SimulatedStep(simulation, threads: simulatedThreads)
    }
  }

  private func engines(_ team: ThreadTeam) throws -> [ProductEngine: Double] {
    let seconds = EngineSpeed.measure(config.precision)
    let engines = ProductEngine.allCases.filter { seconds[$0] != nil }
    let speeds = engines.map { Double(team.size) * EngineSpeed.flops / (seconds[$0] ?? .infinity) }
    return Dictionary(uniqueKeysWithValues: zip(engines, try communicator.allReduce(speeds, .sum)))
  }

  private func source() throws -> (any BatchSource, ModelConfig) {
    guard usesData else {
      let model = config.model(vocabularySize: StepBenchmark.syntheticVocabulary)
      return (
        SyntheticWindows(
          vocabularySize: model.vocabularySize, length: model.context, seed: config.seed), model
      )
    }
    let dataset = try TokenDataset(folder: config.data)
    let model = try TokenWorkload.shape(config, over: dataset)
    return (try Windows(dataset, split: .train, length: model.context), model)
  }
}

extension Trainer {
  /// Runs one step; throws if it has an anomaly. Collective.
  fileprivate func step(_ step: Int) throws -> StepMetrics {
    let done = try self.step(step, stop: false)
    if let anomaly = done.anomaly { throw AgreedFailure(anomaly.description) }
    guard case .applied(let metrics) = done.record else {
      preconditionFailure("a benchmark skips no step")
    }
    return metrics
  }
}
