import Buffers
import Data
import Dist
import Files
import Kernels
import Model

/// Pre-training on any number of ranks: the step of ARCHITECTURE.md's journey of a batch, and what happens between steps.
///
/// Every rank has one; all methods are collective.
final class Trainer {
  private let config: RunConfig
  let communicator: Communicator
  private let model: ModelConfig
  let state: ModelState
  private let decoder: Decoder
  private let optimizer: Optimizer
  private let reducer: any GradientReducer
  let team: ThreadTeam
  let check: FiniteCheck?
  private let training: any BatchSource
  private let validation: (any BatchSource)?
  private let sampler: Sampler
  private let recorder: OperationRecorder?
  private var times: PhaseTimes

  /// - Parameters:
  ///   - state: weights and gradients; the optimizer's moments are made here
  ///   - check: the team's observer in debug mode
  ///   - recorder: another one, which is told of phases and steps too
  ///   - training: the windows of the training split
  ///   - validation: those of the validation split; nil where it is shorter than one window
  init(
    _ config: RunConfig, state: ModelState, communicator: Communicator, team: ThreadTeam,
    check: FiniteCheck?, recorder: OperationRecorder? = nil, training: any BatchSource,
    validation: (any BatchSource)?, clock: ContinuousClock
  ) {
    self.config = config
    self.communicator = communicator
    self.state = state
    self.team = team
    self.training = training
    self.validation = validation
    model = state.config
    self.check = check
    decoder = Decoder(state, team: team, use: config.decoderUse)
    optimizer = Optimizer(config.optimizer, table: state.table, team: team)
    reducer = config.reduce.reducer(
      gradients: state.gradients, weights: state.weights, communicator: communicator)
    sampler = Sampler(
      windows: training.count, sequencesPerStep: config.batch, seed: config.seed)
    self.recorder = recorder
    times = PhaseTimes(clock: clock, recorder: recorder)
  }

  /// The optimizer's state by name, for checkpoints.
  var optimizerState: [(name: String, values: Vector)] { optimizer.state }

  /// What stands where in the flat vectors.
  var table: ParameterTable { state.table }

  /// The phases' times so far, as a table.
  var phaseTable: String { times.table }

  /// Runs `body` and counts its time as a phase of its own.
  func measure<Result>(_ phase: PhaseTimes.Phase, _ body: () throws -> Result) rethrows -> Result {
    try times.measure(phase, body)
  }

  /// What one update did, the same on every rank.
  struct StepResult {
    let metrics: RunLog.StepMetrics
    /// Whether some rank was asked to stop.
    let stops: Bool
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
    let before = times
    let (lossSum, targets) = try accumulate(step)
    // One small collective carries the loss and the question whether anybody wants to stop.
    let (owned, sums) = try times.measure(.communication) {
      (
        try reducer.finish(),
        try communicator.allReduce([lossSum, stop ? 1 : 0], .sum)
      )
    }
    let norm = try times.measure(.clip) { try gradientNorm(owned) }
    let loss = sums[0] / targets
    try communicator.together {
      guard loss.isFinite, norm.isFinite else {
        throw InputError(
          "step \(step): the loss is \(loss) and the gradient's norm \(norm). Training stops here; "
            + "the last checkpoint is untouched. Lower --learning-rate, or run with --debug to see "
            + "which operation it came from")
      }
    }
    let rate =
      config.learningRate
      * config.schedule.factor(update: step, updates: config.steps, warmUp: config.warmUp)
    try times.measure(.optimizer) {
      optimizer.step(
        weights: state.weights, gradients: state.gradients, range: owned, update: step, rate: rate,
        gradientScale: config.clip > 0 && norm > config.clip ? Float(config.clip / norm) : 1)
      try reducer.publish()
      state.weightsChanged(team: team)
    }
    let compute: [PhaseTimes.Phase] = [.data, .forward, .backward, .clip, .optimizer]
    let seconds = times.total(compute) - before.total(compute)
    let communication = times.total([.communication]) - before.total([.communication])
    return StepResult(
      metrics: RunLog.StepMetrics(
        step: step, loss: loss, learningRate: rate, gradientNorm: norm,
        tokens: step * config.batch * model.context,
        tokensPerSecond: targets / (seconds + communication), secondsCompute: seconds,
        secondsCommunication: communication),
      stops: sums[1] > 0)
  }

  /// Adds up this rank's leaves' gradients; returns the sum of their losses and the targets of the whole step.
  private func accumulate(_ step: Int) throws -> (lossSum: Double, targets: Double) {
    times.measure(.backward) {
      team.clear(state.gradients)
    }
    let windows = sampler.windows(step: step)
    // Known before the forward pass: losses and gradients are sums over it, whoever computes them.
    let targets = Double(config.batch * model.context)
    let dropout = Dropout(
      probability: model.dropout, seed: config.seed, step: UInt32(truncatingIfNeeded: step))
    let leaves = stride(from: communicator.rank, to: config.leaves, by: communicator.size)
    var lossSum = 0.0
    var last = false
    for leaf in leaves {
      last = leaf + communicator.size >= config.leaves
      let samples = leaf * config.microBatch..<(leaf + 1) * config.microBatch
      let batch = try times.measure(.data) {
        try training.batch(windows: Array(windows[samples]), samples: samples.map { UInt32($0) })
      }
      times.measure(.forward) { decoder.forward(batch, dropout: dropout) }
      let losses = times.measure(.backward) {
        decoder.backward(divisor: targets, addingTo: state.gradients) { range in
          if last { reducer.ready(range) }
        }
      }
      lossSum += weightedSum(losses, batch.lossWeights)
      try reportNotFinite("step \(step)", batch, checkingGradients: true) { windows[$0] }
    }
    if !last { reducer.ready(0..<state.gradients.count) }
    return (lossSum, targets)
  }

  /// The mean validation loss, in nats, over all ranks; nil without a validation split. Collective.
  func validationLoss() throws -> Double? {
    guard let validation else { return nil }
    return try times.measure(.evaluation) {
      let all = validation.count
      let count = config.evaluateSequences > 0 ? min(config.evaluateSequences, all) : all
      var sums = [0.0, 0.0]
      let leaves = (count + config.microBatch - 1) / config.microBatch
      for leaf in stride(from: communicator.rank, to: leaves, by: communicator.size) {
        // Spread evenly over the split, so that a part of it speaks for the whole.
        let samples = leaf * config.microBatch..<min((leaf + 1) * config.microBatch, count)
        let batch = try validation.batch(
          windows: samples.map { $0 * all / count }, samples: samples.map { UInt32($0) })
        decoder.forward(batch)
        sums[0] += weightedSum(decoder.losses(), batch.lossWeights)
        try reportNotFinite("validation", batch, checkingGradients: false) { $0 * all / count }
        sums[1] += batch.targetCount
      }
      let total = try communicator.allReduce(sums, .sum)
      let loss = total[0] / total[1]
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

  private func weightedSum(_ losses: Vector, _ weights: [Float]) -> Double {
    var sum = 0.0
    for index in 0..<losses.count { sum += Double(losses[index]) * Double(weights[index]) }
    return sum
  }

  /// √Σ g² over the whole gradient, of which this rank owns `owned`: pieces in their order, then ranks. Collective.
  private func gradientNorm(_ owned: Range<Int>) throws -> Double {
    let square = state.table.sumOfSquares(state.gradients, range: owned, team: team)
    if owned.count == state.gradients.count { return square.squareRoot() }
    return try communicator.allReduce([square], .sum)[0].squareRoot()
  }
}
