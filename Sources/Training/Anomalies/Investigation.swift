import Files
import Dist
import Model

// Finding anomalies in steps, and the micro-batches at fault.
extension Trainer {
  /// The anomaly in a step whose gradient has been reduced but not applied; nil if there is none. Changes nothing. Collective.
  ///
  /// Rank 0 decides for all ranks: the others have the same numbers, but their math library may return another last bit of a logarithm.
  func judge(loss: Double, norm: Double) throws -> AnomalyDetector.Finding? {
    let own = anomalies.detector.finding(
      loss: loss, norm: norm, threshold: config.spikeThreshold ?? 0)
    let numbers = communicator.isRoot ? own?.numbers ?? [0, 0] : [0, 0]
    return AnomalyDetector.Finding(try communicator.allReduce(numbers, .sum))
  }

  /// Finds the micro-batches that may have caused an anomaly: computes all of them again, each alone. Overwrites the gradient. Collective.
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

  /// Computes every micro-batch of a step again, each alone; `isReproduced` is true if the losses are the same. Collective.
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
    // NaN is not equal to itself, and its bits have no meaning.
    let isSame = zip(losses, again).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
    return (all, isSame)
  }

  /// Gives every rank the state of rank 0. Collective.
  package func share(_ state: AnomalyState) throws {
    let text = try communicator.broadcast(Array(JSONFile.encode(state, formatting: []).utf8))
    anomalies = try JSONFile.decode(AnomalyState.self, text, path: TrainerState.name)
  }
}

extension AnomalyDetector.Finding {
  /// The finding as numbers for a collective; [0, 0] stands for no finding.
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

  /// The micro-batches that may have caused a spike: those with at least half of the largest value. All if it is not a spike.
  fileprivate func suspects(among all: [Anomaly.MicroBatch]) -> [Anomaly.MicroBatch] {
    guard kind == .spike else { return all }
    let values = all.map { quantity == .loss ? $0.loss : $0.gradientNorm }
    let largest = values.max() ?? 0
    return zip(all, values).filter { $0.1 >= largest / 2 }.map(\.0)
  }
}
