import Files
import Dist
import Model

// What a trainer does about steps that go wrong: judging them, and finding the micro-batch at fault.
extension Trainer {
  /// What is wrong with a step whose gradient has been reduced and not applied; nil where nothing is. Changes nothing. Collective.
  ///
  /// Rank 0 decides for all: the others have the same numbers, but a library of mathematics in which the last bit of a logarithm
  /// may be another.
  func judge(loss: Double, norm: Double) throws -> AnomalyDetector.Finding? {
    let own = anomalies.detector.finding(
      loss: loss, norm: norm, threshold: config.spikeThreshold ?? 0)
    let numbers = communicator.isRoot ? own?.numbers ?? [0, 0] : [0, 0]
    return AnomalyDetector.Finding(try communicator.allReduce(numbers, .sum))
  }

  /// Looks for the micro-batches that a finding came from: all are computed once more, each alone. The gradient is overwritten. Collective.
  ///
  /// - Parameters:
  ///   - losses: Σ of the losses of every micro-batch
  func investigate(
    _ finding: AnomalyDetector.Finding, _ global: GlobalBatch, loss: Double, norm: Double,
    losses: [Double]
  ) throws -> Anomaly {
    let step = global.step
    let (all, isReproduced) = try recompute(global, losses: losses)
    var suspects = all.filter { !$0.loss.isFinite || !$0.gradientNorm.isFinite }
    let isExplained = finding.kind == .spike || !suspects.isEmpty
    if suspects.isEmpty { suspects = finding.suspects(among: all) }
    let steps = suspects.count == all.count ? [step - 1, step].filter { $0 > 0 } : [step]
    return Anomaly(
      step: step, kind: finding.kind, quantity: finding.quantity, loss: loss, gradientNorm: norm,
      score: finding.score, threshold: config.spikeThreshold ?? 0, policy: config.anomaly,
      steps: config.anomaly == .rollback ? steps : [step], microBatches: suspects,
      isReproduced: isReproduced && isExplained)
  }

  /// Every micro-batch of a step computed once more, each alone, and whether their losses were the same again. Collective.
  private func recompute(
    _ global: GlobalBatch, losses: [Double]
  ) throws -> (microBatches: [Anomaly.MicroBatch], isReproduced: Bool) {
    var (norms, again) = (losses.map { _ in 0.0 }, losses.map { _ in 0.0 })
    for microBatch in shares[communicator.rank] where !global.places[microBatch].isEmpty {
      again[microBatch] = try computeAlone(microBatch, of: global).all
      let squares = table.squares(state.gradients, range: 0..<table.count, team: team)
      norms[microBatch] = squares.reduce(0, +).squareRoot()
    }
    norms = try communicator.allReduce(norms, .sum)
    again = try communicator.allReduce(again, .sum)
    let hosts = try communicator.allGather(Array(communicator.host.utf8)).map {
      String(decoding: $0, as: UTF8.self)
    }
    let all = losses.indices.filter { !global.places[$0].isEmpty }.map { microBatch in
      let rank = shares.rank(of: microBatch)
      return Anomaly.MicroBatch(
        microBatch: microBatch, rank: rank, host: hosts[rank],
        loss: global.mean(losses[microBatch], of: microBatch), gradientNorm: norms[microBatch],
        samples: Array(global.places[microBatch]), windows: global.windows(of: microBatch))
    }
    // NaN is not equal to itself, and which of its bits are set means nothing.
    let isSame = zip(losses, again).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
    return (all, isSame)
  }

  /// Gives every rank what rank 0 remembers. Collective.
  package func share(_ state: AnomalyState) throws {
    let text = try communicator.broadcast(Array(JSONFile.encode(state, formatting: []).utf8))
    anomalies = try JSONFile.decode(AnomalyState.self, text, path: TrainerState.name)
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

  /// The micro-batches that a spike may have come from: those at least half as large as the largest. All where it is no spike.
  fileprivate func suspects(among all: [Anomaly.MicroBatch]) -> [Anomaly.MicroBatch] {
    guard kind == .spike else { return all }
    let values = all.map { quantity == .loss ? $0.loss : $0.gradientNorm }
    let largest = values.max() ?? 0
    return zip(all, values).filter { $0.1 >= largest / 2 }.map(\.0)
  }
}
