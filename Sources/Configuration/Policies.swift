/// The response of a run to an anomaly: a step whose loss or gradient is NaN, infinite or a spike.
public enum AnomalyPolicy: String, Sendable, Codable, CaseIterable {
  /// The run ends; its last checkpoint is untouched.
  case stop
  /// The step is not applied, and the run continues with the next batch.
  case skip
  /// All ranks return to the newest good checkpoint before the steps at fault, and continue without these steps.
  case rollback
}

/// The response of a run to a checkpoint that cannot be written.
public enum CheckpointFailurePolicy: String, Sendable, Codable, CaseIterable {
  /// The run continues and tries again at the next checkpoint. It ends after several failures in a row, or if its last checkpoint fails.
  case `continue`
  /// The run ends.
  case stop
}
