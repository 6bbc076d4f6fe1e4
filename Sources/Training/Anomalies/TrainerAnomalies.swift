import Dist
import Model

// What a trainer does about steps that go wrong: judging them, finding the leaf, passing over updates.
extension Trainer {
  /// What is wrong with a step whose gradient has been reduced and not applied; nil where nothing is. Collective.
  ///
  /// Rank 0 decides for all: the others have the same numbers, but a library of mathematics in which the last bit of a logarithm
  /// may be another.
  ///
  /// - Parameters:
  ///   - losses: Σ of the losses of every leaf
  func judge(
    _ step: Int, loss: Double, norm: Double, losses: [Double]
  ) throws -> Anomaly? {
    let own = anomalies.detector.finding(loss: loss, norm: norm, threshold: config.spikeThreshold)
    let numbers = communicator.isRoot ? own?.numbers ?? [0, 0] : [0, 0]
    guard let finding = AnomalyDetector.Finding(try communicator.allReduce(numbers, .sum)) else {
      return nil
    }
    let (all, isReproduced) = try recompute(step, losses: losses)
    var suspects = all.filter { !$0.loss.isFinite || !$0.gradientNorm.isFinite }
    let isExplained = finding.kind == .spike || !suspects.isEmpty
    if suspects.isEmpty { suspects = finding.suspects(among: all) }
    let updates = suspects.count == all.count ? [step - 1, step].filter { $0 > 0 } : [step]
    return Anomaly(
      step: step, kind: finding.kind, quantity: finding.quantity, loss: loss, gradientNorm: norm,
      score: finding.score, threshold: config.spikeThreshold, policy: config.anomaly,
      updates: config.anomaly == .rollback ? updates : [step], leaves: suspects,
      isReproduced: isReproduced && isExplained)
  }

  /// Every leaf of a step computed once more, each alone, and whether their losses were the same again. The gradient is
  /// overwritten. Collective.
  private func recompute(
    _ step: Int, losses: [Double]
  ) throws -> (leaves: [Anomaly.Leaf], isReproduced: Bool) {
    var (norms, again) = (losses.map { _ in 0.0 }, losses.map { _ in 0.0 })
    let divisor = divisor(of: step)
    for leaf in ownLeaves(of: step) {
      team.clear(state.gradients)
      let batch = try self.batch(leaf, of: step)
      forward(batch, of: step)
      let losses = decoder.backward(divisor: divisor, addingTo: state.gradients)
      again[leaf] = sum(losses, of: batch).all
      let squares = table.squares(state.gradients, range: 0..<table.count, team: team)
      norms[leaf] = squares.reduce(0, +).squareRoot()
    }
    norms = try communicator.allReduce(norms, .sum)
    again = try communicator.allReduce(again, .sum)
    let hosts = try communicator.allGather(Array(communicator.host.utf8)).map {
      String(decoding: $0, as: UTF8.self)
    }
    let windows = windows(of: step)
    let leaves = losses.indices.filter { !samples(of: $0, in: step).isEmpty }.map { leaf in
      let rank = leaf % communicator.size
      let samples = samples(of: leaf, in: step)
      return Anomaly.Leaf(
        leaf: leaf, rank: rank, host: hosts[rank],
        loss: losses[leaf] / Double(samples.count) / training.divisorPerWindow,
        gradientNorm: norms[leaf], samples: Array(samples), windows: Array(windows[samples]))
    }
    // NaN is not equal to itself, and which of its bits are set means nothing.
    let isSame = zip(losses, again).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
    return (leaves, isSame)
  }

  /// Gives every rank what rank 0 remembers. Collective.
  func share(_ state: AnomalyState) throws {
    let text = try communicator.broadcast(Array(JSONFile.encode(state, formatting: []).utf8))
    anomalies = try JSONFile.decode(AnomalyState.self, text, path: TrainerState.name)
  }

  /// A step whose update is known to be at fault: nothing is computed. Collective.
  func passOver(_ step: Int, stop: Bool) throws -> StepResult {
    var sums = StepSums()
    sums[.stops] = [stop ? 1 : 0]
    try sums.exchange(communicator)
    anomalies.passedOver()
    let metrics = RunLog.StepMetrics(
      step: step, loss: .nan, taskLoss: nil, learningRate: learningRate(step), gradientNorm: .nan,
      tokens: tokens(through: step), tokensPerSecond: 0, secondsCompute: 0,
      secondsCommunication: 0, secondsHidden: nil, secondsPolling: nil, secondsComputeMin: 0,
      secondsComputeMedian: 0, secondsComputeMax: 0, slowestRank: 0, ranks: communicator.size,
      weightsHash: weightsHash, skipped: true)
    return StepResult(
      metrics: metrics, secondsOfRanks: [], stops: sums[.stops] != [0], anomaly: nil)
  }
}

extension AnomalyDetector.Finding {
  /// For a collective; no finding is [0, 0].
  fileprivate var numbers: [Double] {
    let kind = Kind.allCases.firstIndex(of: kind) ?? 0
    let quantity = Quantity.allCases.firstIndex(of: quantity) ?? 0
    return [Double(1 + kind * Quantity.allCases.count + quantity), score ?? 0]
  }

  fileprivate init?(_ numbers: [Double]) {
    guard numbers[0] > 0 else { return nil }
    let (kind, quantity) = (Int(numbers[0]) - 1).quotientAndRemainder(
      dividingBy: Quantity.allCases.count)
    self.init(kind: Kind.allCases[kind], quantity: Quantity.allCases[quantity])
    if self.kind == .spike { score = numbers[1] }
  }

  /// The leaves that a spike may have come from: those at least half as large as the largest. All where it is no spike.
  fileprivate func suspects(among leaves: [Anomaly.Leaf]) -> [Anomaly.Leaf] {
    guard kind == .spike else { return leaves }
    let values = leaves.map { quantity == .loss ? $0.loss : $0.gradientNorm }
    let largest = values.max() ?? 0
    return zip(leaves, values).filter { $0.1 >= largest / 2 }.map(\.0)
  }
}
