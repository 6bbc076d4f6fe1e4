import Buffers
import Configuration
import Data
import Dist
import Files
import Inference
import Kernels
import Model
import Profiling

/// Trains on any number of ranks: the steps that ARCHITECTURE.md describes as the journey of a batch.
///
/// Every rank has one; all methods are collective.
package final class Trainer {
  let config: RunConfig
  let communicator: Communicator
  package let state: ModelState
  let decoder: Decoder
  let optimizer: OptimizerState
  let reducer: any GradientReducer
  let team: ThreadTeam
  let clock: StepClock
  let check: FiniteCheck?
  let training: any BatchSource
  /// The assignment of micro-batches to ranks.
  let shares: MicroBatchShares
  let fault: Fault?
  private let sampler: Sampler
  private var replicas: ReplicaCheck
  private var tokens: TokenCount
  /// The state of anomaly detection, the same on every rank.
  package var anomalies = AnomalyState()
  /// For a replay: the configurations that were in force after earlier steps instead of `config`, in their order.
  package var earlierConfigs: [(after: Int, config: RunConfig)] = []

  /// - Parameters:
  ///   - state: weights and gradients; the optimizer's state is created here
  ///   - check: the team's observer in debug mode
  ///   - recorder: another observer, which also records phases and steps
  ///   - training: the sequences or examples of the training split
  ///   - fault: the fault that a test plants; nil for none
  package init(
    _ config: RunConfig, state: ModelState, communicator: Communicator, team: ThreadTeam,
    check: FiniteCheck?, recorder: OperationRecorder? = nil, training: any BatchSource,
    fault: Fault? = nil, clock: ContinuousClock
  ) throws {
    (self.config, self.communicator, self.state, self.team) = (config, communicator, state, team)
    (self.check, self.training, self.fault) = (check, training, fault)
    let use = config.decoderUse(tokensPerWindow: training.tokensPerWindow)
    decoder = Decoder(state, team: team, use: use)
    reducer = try config.reduce.reducer(
      gradients: state.gradients, weights: state.weights,
      layout: config.gradientLayout(state.table, use), wire: config.wire,
      communicator: communicator, clock: clock)
    optimizer = OptimizerState(
      config.optimizer, table: state.table, team: team, range: reducer.owned)
    shares = config.shares(ranks: communicator.size)
    sampler = config.sampler(windows: training.count)
    tokens = TokenCount(of: training, sampler)
    self.clock = StepClock(
      clock, recorder: recorder, progress: communicator.progress, reducer: reducer)
    replicas = ReplicaCheck(
      state, team: team, communicator: communicator, owned: reducer.owned)
  }

  /// One step: sample, forward and backward of this rank's micro-batches, reduce, judge, clip, optimizer, publish. Collective.
  ///
  /// - Parameters:
  ///   - step: t, from 1
  ///   - stop: true if this rank was asked to stop
  package func step(_ step: Int, stop: Bool) throws -> StepOutcome {
    try clock.measure(step: step) {
      fault?.strike(rank: communicator.rank, before: step)
      if anomalies.skippedSteps.contains(step) { return try passOver(step, stop: stop) }

      let global = clock.measure(.data) { globalBatch(of: step) }
      let losses = try computeGradient(global)
      var sums = sums(losses, before: step, stop: stop)
      let owned = try reduce(&sums)
      try replicas.compare(sums[.weights], before: step)

      let loss = sums[.losses].reduce(0, +) / global.divisor
      let norm = try gradientNorm(owned)
      if let finding = try judge(loss: loss, norm: norm) {
        let anomaly = try investigate(
          finding, global, loss: loss, norm: norm, losses: sums[.losses])
        return StepOutcome(
          record: .skipped(skipped(step)), times: clock.step, secondsOfRanks: sums[.seconds],
          stops: sums[.stops] != [0], anomaly: anomaly)
      }
      optimize(step, owned, gradientScale: clipping(norm, at: step))
      try publish(step)
      anomalies.applied(loss: loss, norm: norm)

      let taskLoss = sums[.taskLosses].first.map { $0 / global.divisor }
      return StepOutcome(
        record: .applied(
          metrics(step, loss: loss, taskLoss: taskLoss, norm: norm, secondsOfRanks: sums[.seconds])),
        times: clock.step, secondsOfRanks: sums[.seconds], stops: sums[.stops] != [0])
    }
  }

  /// The global batch of a step.
  package func globalBatch(of step: Int) -> GlobalBatch {
    GlobalBatch(step: step, of: training, sampler, config)
  }

  /// This rank's part of the sums that are exchanged together with the gradient.
  private func sums(_ losses: [LossSum], before step: Int, stop: Bool) -> StepSums {
    var sums = StepSums()
    sums[.losses] = losses.map(\.all)
    sums[.taskLosses] = config.isFineTuning ? [losses.map(\.examples).reduce(0, +)] : []
    sums[.stops] = [stop ? 1 : 0]
    sums[.weights] = clock.measure(.comparison) { replicas.fingerprints(before: step) }
    sums[.seconds] = StepSums.own(clock.secondsSinceExchange(), communicator)
    return sums
  }

  /// Sums the gradient and `sums` over the ranks; returns the range of the gradient that this rank owns. Collective.
  private func reduce(_ sums: inout StepSums) throws -> Range<Int> {
    try clock.measure(.communication) {
      let owned = try reducer.finish()
      try sums.exchange(communicator)
      clock.recordBuckets()
      return owned
    }
  }

  /// √Σ g² over the whole gradient, of which this rank owns `owned`. The order of the sum does not depend on the owners. Collective.
  private func gradientNorm(_ owned: Range<Int>) throws -> Double {
    var squares = clock.measure(.clip) {
      state.table.squares(state.gradients, range: owned, team: team)
    }
    if owned.count < state.gradients.count {
      squares = try clock.measure(.communication) { try communicator.allReduce(squares, .sum) }
    }
    return squares.reduce(0, +).squareRoot()
  }

  /// The factor that reduces the gradient's norm to `clip`; 1 if the norm is not larger.
  private func clipping(_ norm: Double, at step: Int) -> Float {
    guard let clip = config(of: step).clip, norm > clip else { return 1 }
    return Float(clip / norm)
  }

  /// Runs the optimizer on the weights that this rank owns.
  private func optimize(_ step: Int, _ owned: Range<Int>, gradientScale: Float) {
    optimizer.config = config(of: step).optimizer
    clock.measure(.optimizer) {
      optimizer.update(
        weights: state.weights, gradients: state.gradients, range: owned,
        OptimizerStep(step, rate: learningRate(step), gradientScale: gradientScale))
    }
  }

  /// Sends every rank's new weights to all ranks, and prepares the weights for matrix products. Collective.
  private func publish(_ step: Int) throws {
    try clock.measure(.communication) { try reducer.publish() }
    fault?.strike(state.weights, rank: communicator.rank, step: step)
    clock.measure(.optimizer) { state.weightsChanged(team: team) }
  }

  /// Skips a step that is known to be at fault, without computing it. Collective.
  private func passOver(_ step: Int, stop: Bool) throws -> StepOutcome {
    var sums = StepSums()
    sums[.stops] = [stop ? 1 : 0]
    try sums.exchange(communicator)
    anomalies.passedOver()
    return StepOutcome(record: .skipped(skipped(step)), stops: sums[.stops] != [0])
  }

  private func metrics(
    _ step: Int, loss: Double, taskLoss: Double?, norm: Double, secondsOfRanks: [Double]
  ) -> StepMetrics {
    let (times, spread) = (clock.step, ComputeSpread(secondsOfRanks))
    let (before, tokens) = (self.tokens.through(step - 1), self.tokens.through(step))
    return StepMetrics(
      step: step, loss: loss, taskLoss: taskLoss, learningRate: learningRate(step),
      gradientNorm: norm, tokens: tokens, tokensPerSecond: Double(tokens - before) / times.all,
      secondsCompute: times.compute, secondsCommunication: times.communication,
      secondsHidden: times.overlap?.hidden, secondsPolling: times.overlap?.polling,
      secondsComputeMin: spread.secondsComputeMin,
      secondsComputeMedian: spread.secondsComputeMedian,
      secondsComputeMax: spread.secondsComputeMax, slowestRank: spread.slowestRank,
      ranks: communicator.size, weightsHash: weightsHash)
  }

  private func skipped(_ step: Int) -> SkippedStep {
    SkippedStep(
      step: step, learningRate: learningRate(step), tokens: tokens.through(step),
      ranks: communicator.size, weightsHash: weightsHash)
  }

  /// A hash of the current weights if the reduction makes it the same on any number of ranks; nil otherwise, and except on rank 0.
  private var weightsHash: String? {
    communicator.isRoot && config.reduce.isRankInvariant
      ? state.weights.withBytes { XXH128.hash($0) } : nil
  }

  /// The scheduled rate of the optimizer.
  private func learningRate(_ step: Int) -> Double { config(of: step).rate(ofStep: step) }

  private func config(of step: Int) -> RunConfig {
    earlierConfigs.last { $0.after < step }?.config ?? config
  }

  /// The places of the tensors in the flat vectors.
  package var table: ParameterTable { state.table }

  /// Throws if the ranks' weights differ after `step`. Collective.
  func compareReplicas(after step: Int) throws { try replicas.compareAll(after: step) }
}

extension RunConfig {
  /// The layout of the flat gradient, for the reducer.
  func gradientLayout(_ table: ParameterTable, _ use: DecoderUse) -> GradientLayout {
    GradientLayout(
      cuts: table.cuts(optimizer.granularity), order: table.announcedRanges(.tableFirst),
      table: table.tokenRange, width: table.parameters[0].shape[1], lateRows: use.capacity)
  }
}
