/// The time at which the run is ended from outside, and the rule that stops it with a checkpoint before that.
///
/// It reads no clock: the caller passes the time, so tests can pass any.
package struct Deadline<Instant: InstantProtocol> where Instant.Duration == Duration {
  /// The time at which the run is ended from outside.
  package let end: Instant

  /// The time that the program and its batch script need to end, and the job to be requeued.
  package static var margin: Duration { .seconds(15) }

  private var longestTurn = Duration.zero
  private var longestCheckpoint: Duration
  private var lastLook: Instant?

  /// - Parameter checkpoint: the assumed duration of a checkpoint, until one has been measured
  package init(end: Instant, checkpoint: Duration) {
    self.end = end
    longestCheckpoint = checkpoint
  }

  /// True if the step that begins now must be the last one. Call it before every step.
  ///
  ///     now + 2 turns + 3/2 checkpoints + margin > end
  ///
  /// A turn is the longest time between two calls so far, with everything in it: step, evaluation, checkpoint. A run that continues
  /// now calls again after one turn. If it stops then, it needs another turn and a checkpoint, which may take half as long again as
  /// the longest so far, because other jobs write to the same disks.
  ///
  /// - Parameter isWriting: true if a checkpoint is being written, or will be after this step: the last checkpoint must wait for it
  package mutating func isNear(at now: Instant, isWriting: Bool = false) -> Bool {
    if let lastLook { longestTurn = max(longestTurn, lastLook.duration(to: now)) }
    lastLook = now
    let checkpoints = longestCheckpoint * (isWriting ? 6 : 3) / 2
    let needed = longestTurn * 2 + checkpoints + Self.margin
    return now.advanced(by: needed) > end
  }

  /// Records the duration of a checkpoint.
  package mutating func checkpointTook(_ duration: Duration) {
    longestCheckpoint = max(longestCheckpoint, duration)
  }
}
