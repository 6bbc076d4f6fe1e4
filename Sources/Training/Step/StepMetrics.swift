/// A step that was applied, as it stands in `metrics.jsonl`.
package struct StepMetrics: Codable, Equatable, Sendable {
  /// From 1.
  package let step: Int
  /// Mean over the targets of the step, in nats; in fine-tuning over its examples, with the language model's part.
  package let loss: Double
  /// In fine-tuning, the mean over the examples of the task's own loss, in nats.
  package let taskLoss: Double?
  package let learningRate: Double
  /// Before clipping.
  package let gradientNorm: Double
  /// Targets seen since the beginning of the run.
  package let tokens: Int
  package let tokensPerSecond: Double
  package let secondsCompute: Double
  /// What the step waited for: communication that nothing was computed beside.
  package let secondsCommunication: Double
  /// Of backward, in which communication went on beside it; nil where nothing overlaps.
  package let secondsHidden: Double?
  /// Of them, what the computing thread gave to MPI; part of `secondsCompute`.
  package let secondsPolling: Double?
  /// Over the ranks, each for itself, up to the exchange of this step.
  package let secondsComputeMin: Double
  package let secondsComputeMedian: Double
  package let secondsComputeMax: Double
  package let slowestRank: Int
  /// The ranks that computed it, on which the order of its sums depends unless the reduction makes it the same on any number of ranks;
  /// runs of older programs do not say.
  package let ranks: Int?
  /// Of the weights after the step, where the reduction makes them the same on any number of ranks: XXH3-128 of the flat vector.
  package let weightsHash: String?
}

/// A step that was not applied: weights and optimizer state are as before it.
package struct SkippedStep: Codable, Equatable, Sendable {
  /// From 1.
  package let step: Int
  /// That of the schedule.
  package let learningRate: Double
  /// Targets seen since the beginning of the run, these included.
  package let tokens: Int
  /// The ranks of the run; runs of older programs do not say.
  package let ranks: Int?
  /// See `StepMetrics`.
  package let weightsHash: String?
}

/// What a step did, the same on every rank.
package struct StepOutcome {
  /// What became of it.
  package enum Record {
    case applied(StepMetrics)
    case skipped(SkippedStep)
  }

  package let record: Record
  /// On this rank; zeros where nothing was computed.
  var times = StepTimes()
  /// How long each rank computed; empty where nothing was computed.
  var secondsOfRanks: [Double] = []
  /// True if some rank was asked to stop.
  let stops: Bool
  /// Why it was not applied; nil where it was, and where it was known before that it is at fault.
  package var anomaly: Anomaly?
}
