/// A checkpoint that has been written, as it stands in `metrics.jsonl`.
package struct CheckpointMetrics: Codable, Equatable, Sendable {
  package let step: Int
  /// Its folder, in the run directory.
  package let checkpoint: String
  /// For which the training stood still.
  package let secondsPaused: Double
  /// From then on until it was committed.
  package let secondsWritten: Double
}
