/// A step that was applied, as recorded in `metrics.jsonl`.
package struct StepMetrics: Codable, Equatable, Sendable {
  /// The step, from 1.
  package let step: Int
  /// Mean over the targets of the step, in nats; in fine-tuning, mean over its examples, with the auxiliary language-model loss.
  package let loss: Double
  /// In fine-tuning, the mean of the task's own loss over the examples, in nats.
  let taskLoss: Double?
  package let learningRate: Double
  /// Norm of the gradient before clipping.
  package let gradientNorm: Double
  /// Targets seen since the beginning of the run.
  package let tokens: Int
  package let tokensPerSecond: Double
  package let secondsCompute: Double
  /// The time that the step waited for communication, without computing.
  package let secondsCommunication: Double
  /// The part of backward during which communication was in progress; nil if nothing overlaps.
  package let secondsHidden: Double?
  /// The part of `secondsHidden`, and of `secondsCompute`, that the computing thread spent in MPI.
  package let secondsPolling: Double?
  /// The ranks' computing times up to the exchange of this step.
  package let secondsComputeMin: Double
  package let secondsComputeMedian: Double
  package let secondsComputeMax: Double
  package let slowestRank: Int
  /// The number of ranks that computed the step. The order of sums depends on it, unless the reduction makes it the same on any number
  /// of ranks. Nil in runs of older programs.
  package let ranks: Int?
  /// XXH3-128 of the flat vector of weights after the step, if the reduction makes them the same on any number of ranks; otherwise nil.
  package let weightsHash: String?
}

/// A step that was not applied: weights and optimizer state are as before it.
package struct SkippedStep: Codable, Equatable, Sendable {
  /// The step, from 1.
  package let step: Int
  /// The learning rate of the schedule.
  package let learningRate: Double
  /// Targets seen since the beginning of the run, including those of this step.
  package let tokens: Int
  /// The number of ranks; nil in runs of older programs.
  package let ranks: Int?
  /// See `StepMetrics`.
  package let weightsHash: String?
}

/// The outcome of a step; its record is the same on every rank.
package struct StepOutcome {
  /// The record of a step for `metrics.jsonl`.
  package enum Record {
    case applied(StepMetrics)
    case skipped(SkippedStep)
  }

  package let record: Record
  /// The times on this rank; zeros if nothing was computed.
  var times = StepTimes()
  /// The computing time of each rank; empty if nothing was computed.
  var secondsOfRanks: [Double] = []
  /// True if any rank was asked to stop.
  let stops: Bool
  /// The anomaly because of which the step was not applied; nil if it was applied, or was already marked to be skipped.
  package var anomaly: Anomaly?
}
