import Console
import Dist
import Foundation
import Training

/// Compares a step's line in `metrics.jsonl` with the recomputed step.
struct StepComparison {
  /// True if the bits must be equal: always with a rank-invariant strategy, otherwise if the run had the same number of ranks.
  let isExact: Bool
  /// A sentence for every quantity that differs, in the order in which a step computes them.
  let differences: [String]
  /// |recomputed − recorded| / |recorded|, of the loss.
  let lossDeviation: Double

  /// The relative deviations of loss and gradient norm that sums in another order may cause between two checkpoints.
  static let (lossTolerance, normTolerance) = (1e-4, 1e-2)

  init(
    recorded: StepMetrics, recomputed: StepMetrics, by strategy: ReductionStrategy
  ) {
    let isExact = strategy.isRankInvariant || recorded.ranks == recomputed.ranks
    self.isExact = isExact
    let step = recorded.step
    var found: [String] = []
    func compare(
      _ what: String, _ old: Double, _ new: Double, tolerance: Double, hint: String = ""
    ) {
      let same = tolerance == 0 ? old == new : StepComparison.deviation(old, new) <= tolerance
      if same { return }
      found.append(
        "step \(step): the \(what) was \(old) and is \(new) now, "
          + "\(scientific(StepComparison.deviation(old, new))) off\(hint)")
    }
    // The cosine of another C library may differ in its last bit.
    compare(
      "learning rate", recorded.learningRate, recomputed.learningRate, tolerance: 1e-12,
      hint: ": the run had another learning rate, schedule or number of steps then")
    compare(
      "loss", recorded.loss, recomputed.loss, tolerance: isExact ? 0 : Self.lossTolerance)
    compare(
      "gradient's norm", recorded.gradientNorm, recomputed.gradientNorm,
      tolerance: isExact ? 0 : Self.normTolerance)
    if strategy.isRankInvariant, let old = recorded.weightsHash, let new = recomputed.weightsHash,
      old != new
    {
      found.append("step \(step): the weights' hash was \(old) and is \(new) now")
    }
    differences = found
    lossDeviation = StepComparison.deviation(recorded.loss, recomputed.loss)
  }

  /// |new − old| / |old|
  static func deviation(_ old: Double, _ new: Double) -> Double {
    old == new ? 0 : abs(new - old) / abs(old)
  }
}
