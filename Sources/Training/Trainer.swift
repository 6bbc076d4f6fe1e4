import Buffers
import Data
import Dist
import Files
import Kernels
import Model

/// Training on any number of ranks: the step of ARCHITECTURE.md's journey of a batch, and what happens between steps.
///
/// Every rank has one; all methods are collective.
final class Trainer {
  let config: RunConfig
  let communicator: Communicator
  private let model: ModelConfig
  let state: ModelState
  let decoder: Decoder
  private let optimizer: Optimizer
  let reducer: any GradientReducer
  /// The reducer, where it works during backward.
  let overlapped: Overlapped?
  let team: ThreadTeam
  let check: FiniteCheck?
  let training: any BatchSource
  private let validation: (any BatchSource)?
  let sampler: Sampler
  private let recorder: OperationRecorder?
  let fault: Fault?
  private var times: PhaseTimes
  private var replicas: ReplicaCheck
  /// Seconds of computing before the last exchange.
  private var secondsExchanged = 0.0
  /// Tokens of the steps up to `step`.
  private var seen = (step: 0, tokens: 0)
  /// The same on every rank.
  var anomalies = AnomalyState()
  /// How steps after some step were configured, in their order, where that was not `config`: a replay's.
  var earlierConfigs: [(after: Int, config: RunConfig)] = []

  /// - Parameters:
  ///   - state: weights and gradients; the optimizer's moments are made here
  ///   - check: the team's observer in debug mode
  ///   - recorder: another one, which is told of phases and steps too
  ///   - training: the windows of the training split
  ///   - validation: those of the validation split; nil where it is shorter than one window
  ///   - fault: what a test plants
  init(
    _ config: RunConfig, state: ModelState, communicator: Communicator, team: ThreadTeam,
    check: FiniteCheck?, recorder: OperationRecorder? = nil, training: any BatchSource,
    validation: (any BatchSource)?, fault: Fault? = nil, clock: ContinuousClock
  ) throws {
    self.config = config
    self.communicator = communicator
    self.state = state
    self.team = team
    self.training = training
    self.validation = validation
    model = state.config
    self.check = check
    let use = config.decoderUse(tokensPerWindow: training.tokensPerWindow)
    decoder = Decoder(state, team: team, use: use)
    reducer = try config.reduce.reducer(
      gradients: state.gradients, weights: state.weights,
      layout: config.gradientLayout(state.table, use), wire: config.wire,
      communicator: communicator,
      clock: clock)
    overlapped = reducer as? Overlapped
    optimizer = Optimizer(
      config.optimizer, table: state.table, team: team, range: reducer.owned)
    sampler = config.sampler(windows: training.count)
    self.recorder = recorder
    self.fault = fault
    times = PhaseTimes(clock: clock, recorder: recorder, progress: communicator.progress)
    replicas = ReplicaCheck(
      state, team: team, communicator: communicator, owned: reducer.owned)
  }

  /// Copies the weights and all ranks' optimizer state into rank 0's `snapshot`. Collective.
  func fill(_ snapshot: Snapshot?) throws {
    if let snapshot { team.copy(state.weights, to: snapshot.weights) }
    for (index, (_, values)) in optimizer.state.enumerated() {
      let whole = snapshot?.moments[index]
      if let whole { team.copy(values, to: whole[optimizer.range]) }
      try communicator.collect(
        whole ?? values, range: whole == nil ? optimizer.range : 0..<table.count,
        owned: reducer.owned)
    }
  }

  /// Gives every rank its own part of the optimizer state in rank 0's `snapshot`. Collective.
  func takeOptimizerState(from snapshot: Snapshot?) throws {
    for (index, (_, values)) in optimizer.state.enumerated() {
      let whole = snapshot?.moments[index]
      try communicator.distribute(
        whole ?? values, range: whole == nil ? optimizer.range : 0..<table.count,
        owned: reducer.owned)
      if let whole { team.copy(whole[optimizer.range], to: values) }
    }
  }

  /// As before the first update.
  func clearOptimizerState() {
    for (_, values) in optimizer.state { team.clear(values) }
  }

  /// What stands where in the flat vectors.
  var table: ParameterTable { state.table }

  /// The phases' times so far, as a table.
  var phaseTable: String { times.table + (overlapped?.times.words ?? "") }

  /// Runs `body` and counts its time as a phase of its own.
  func measure<Result>(_ phase: PhaseTimes.Phase, _ body: () throws -> Result) rethrows -> Result {
    try times.measure(phase, body)
  }

  /// What one update did, the same on every rank.
  struct StepResult {
    let metrics: RunLog.StepMetrics
    /// How long each rank computed.
    let secondsOfRanks: [Double]
    /// Whether some rank was asked to stop.
    let stops: Bool
    /// Why the update was not applied; nil where it was, and where it was known before that it is at fault.
    let anomaly: Anomaly?
  }

  /// One optimizer update. Collective.
  ///
  /// - Parameters:
  ///   - step: t, from 1
  ///   - stop: whether this rank was asked to stop
  func step(_ step: Int, stop: Bool) throws -> StepResult {
    guard let recorder else { return try update(step, stop: stop) }
    return try recorder.measure(step: step) { try update(step, stop: stop) }
  }

  private func update(_ step: Int, stop: Bool) throws -> StepResult {
    communicator.progress.begin(step: step)
    fault?.strike(rank: communicator.rank, before: step)
    if anomalies.skippedUpdates.contains(step) { return try passOver(step, stop: stop) }
    let (before, hiddenBefore) = (times, overlapped?.times)
    let losses = try accumulate(step)
    var sums = StepSums()
    sums[.losses] = losses.map(\.all)
    sums[.taskLosses] = config.isFineTuning ? [losses.map(\.examples).reduce(0, +)] : []
    sums[.stops] = [stop ? 1 : 0]
    sums[.weights] = times.measure(.comparison) { replicas.fingerprints(before: step) }
    // Since the last exchange: with the last step's clipping and optimizer, which came after it.
    sums[.seconds] = StepSums.own(times.total(Self.compute) - secondsExchanged, communicator)
    secondsExchanged = times.total(Self.compute)
    let owned = try times.measure(.communication) {
      let owned = try reducer.finish()
      try sums.exchange(communicator)
      if let overlapped { recorder?.add(overlapped.spans) }
      return owned
    }
    try replicas.compare(sums[.weights], before: step)
    let norm = try gradientNorm(owned)
    let divisor = divisor(of: step)
    let loss = sums[.losses].reduce(0, +) / divisor
    let anomaly = try judge(step, loss: loss, norm: norm, losses: sums[.losses])
    if anomaly == nil {
      try apply(step, owned, gradientNorm: norm)
      anomalies.applied(loss: loss, norm: norm)
    }
    let seconds = times.total(Self.compute) - before.total(Self.compute)
    let communication = times.total([.communication]) - before.total([.communication])
    let spread = ComputeSpread(sums[.seconds])
    let hidden = overlapped.map { $0.times - (hiddenBefore ?? OverlapTimes()) }
    let earlier = tokens(through: step - 1)
    let tokens = tokens(through: step)
    return StepResult(
      metrics: RunLog.StepMetrics(
        step: step, loss: loss, taskLoss: sums[.taskLosses].first.map { $0 / divisor },
        learningRate: learningRate(step), gradientNorm: norm, tokens: tokens,
        tokensPerSecond: Double(tokens - earlier) / (seconds + communication),
        secondsCompute: seconds,
        secondsCommunication: communication, secondsHidden: hidden?.hidden,
        secondsPolling: hidden?.polling, secondsComputeMin: spread.secondsComputeMin,
        secondsComputeMedian: spread.secondsComputeMedian,
        secondsComputeMax: spread.secondsComputeMax, slowestRank: spread.slowestRank,
        ranks: communicator.size, weightsHash: weightsHash, skipped: anomaly == nil ? nil : true),
      secondsOfRanks: sums[.seconds], stops: sums[.stops] != [0], anomaly: anomaly)
  }

  /// Tokens of the steps up to `step`, those that pad others apart.
  func tokens(through step: Int) -> Int {
    if step < seen.step { seen = (0, 0) }
    if step > seen.step {
      seen.tokens += training.tokens(in: seen.step + 1...step, of: sampler)
      seen.step = step
    }
    return seen.tokens
  }

  /// The phases in which a rank waits for nobody.
  private static let compute: [PhaseTimes.Phase] = [
    .data, .forward, .backward, .comparison, .clip, .optimizer,
  ]

  /// Stops the run where the ranks' weights differ after update `step`. Collective.
  func compareReplicas(after step: Int) throws { try replicas.compareAll(after: step) }

  /// Updates the weights by the gradient, of which this rank owns `owned`. Collective.
  private func apply(_ step: Int, _ owned: Range<Int>, gradientNorm norm: Double) throws {
    let config = config(of: step)
    optimizer.config = config.optimizer
    times.measure(.optimizer) {
      optimizer.step(
        weights: state.weights, gradients: state.gradients, range: owned, update: step,
        rate: learningRate(step),
        gradientScale: config.clip > 0 && norm > config.clip ? Float(config.clip / norm) : 1)
    }
    try times.measure(.communication) { try reducer.publish() }
    fault?.strike(state.weights, rank: communicator.rank, step: step)
    times.measure(.optimizer) { state.weightsChanged(team: team) }
  }

  /// The scheduled rate of the optimizer.
  func learningRate(_ step: Int) -> Double { config(of: step).learningRate(ofStep: step) }

  private func config(of step: Int) -> RunConfig {
    earlierConfigs.last { $0.after < step }?.config ?? config
  }

  /// Of the weights as they are, where the reduction makes it the same on any number of ranks; rank 0's.
  var weightsHash: String? {
    communicator.isRoot && config.reduce == .ordered
      ? state.weights.withBytes { XXH128.hash($0) } : nil
  }

  /// Adds up this rank's leaves' gradients; returns the sums of losses of every leaf, 0 for the other ranks'.
  private func accumulate(_ step: Int) throws -> [LossSum] {
    let windows = windows(of: step)
    let divisor = divisor(of: step)
    // Where every leaf is exchanged alone, all ranks take part as often, if with zeros.
    let leaves = reducer.isolatesLeaves ? ownLeaves : ownLeaves(of: step)
    var sums = [LossSum](repeating: LossSum(), count: config.leaves)
    if leaves.isEmpty { times.measure(.backward) { team.clear(state.gradients) } }
    for leaf in leaves {
      let isLast = leaf == leaves.last
      if leaf == leaves.first || reducer.isolatesLeaves {
        times.measure(.backward) { team.clear(state.gradients) }
      }
      guard !samples(of: leaf, in: step).isEmpty else {
        reducer.ready(0..<state.gradients.count)
        try times.measure(.communication) { try reducer.finishLeaf(isLast: isLast) }
        continue
      }
      let batch = try times.measure(.data) { try self.batch(leaf, of: step) }
      times.measure(.forward) { forward(batch, of: step) }
      let losses = times.measure(.backward) { backward(divisor: divisor, isLast: isLast) }
      sums[leaf] = sum(losses, of: batch)
      try reportNotFinite("step \(step)", batch, checkingGradients: overlapped == nil) {
        windows[$0]
      }
      try times.measure(.communication) { try reducer.finishLeaf(isLast: isLast) }
    }
    if leaves.isEmpty { reducer.ready(0..<state.gradients.count) }
    return sums
  }

  /// The mean validation loss, in nats, over all ranks; nil without a validation split. Collective.
  func validationLoss() throws -> Double? {
    guard let validation else { return nil }
    return try times.measure(.evaluation) {
      let all = validation.count
      let count = config.evaluateSequences > 0 ? min(config.evaluateSequences, all) : all
      let leaves = (count + config.microBatch - 1) / config.microBatch
      // Added up in their order, whoever computed them.
      var sums = [Double](repeating: 0, count: leaves)
      var targets = sums
      for leaf in stride(from: communicator.rank, to: leaves, by: communicator.size) {
        // Spread evenly over the split, so that a part of it speaks for the whole.
        let samples = leaf * config.microBatch..<min((leaf + 1) * config.microBatch, count)
        let batch = try validation.batch(
          windows: samples.map { $0 * all / count }, samples: samples.map { UInt32($0) })
        decoder.forward(batch)
        sums[leaf] = sum(decoder.losses(), of: batch).all
        try reportNotFinite("validation", batch, checkingGradients: false) { $0 * all / count }
        targets[leaf] = batch.targetCount
      }
      let total = try communicator.allReduce(sums, .sum).reduce(0, +)
      let loss = total / (try communicator.allReduce(targets, .sum).reduce(0, +))
      try communicator.together {
        guard loss.isFinite else {
          throw InputError(
            "the validation loss is \(loss): the weights are ruined. Training stops here; the last "
              + "checkpoint is untouched. Lower --learning-rate")
        }
      }
      return loss
    }
  }

  /// √Σ g² over the whole gradient, of which this rank owns `owned`: pieces in their order, whoever owns them. Collective.
  private func gradientNorm(_ owned: Range<Int>) throws -> Double {
    var squares = times.measure(.clip) {
      state.table.squares(state.gradients, range: owned, team: team)
    }
    if owned.count < state.gradients.count {
      squares = try times.measure(.communication) { try communicator.allReduce(squares, .sum) }
    }
    return squares.reduce(0, +).squareRoot()
  }
}
