/// A written checkpoint, as recorded in `metrics.jsonl`.
package struct CheckpointMetrics: Codable, Equatable, Sendable {
  package let step: Int
  /// Its folder, relative to the run directory.
  package let checkpoint: String
  /// Seconds for which training was paused.
  package let secondsPaused: Double
  /// Seconds from then on until the checkpoint was committed.
  package let secondsWritten: Double
}
