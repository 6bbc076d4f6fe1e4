/// The moment at which something outside ends the run, and the rule that stops it with a checkpoint before.
///
/// It reads no clock: whoever asks hands in the time, and tests hand in any.
package struct Deadline<Instant: InstantProtocol> where Instant.Duration == Duration {
  /// When the run is ended from outside.
  package let end: Instant

  /// For the program and its batch script to end, and for the job to be queued again.
  package static var margin: Duration { .seconds(15) }

  private var longestTurn = Duration.zero
  private var longestCheckpoint: Duration
  private var lastLook: Instant?

  /// - Parameter checkpoint: how long a checkpoint is thought to take, until one has been measured
  package init(end: Instant, checkpoint: Duration) {
    self.end = end
    longestCheckpoint = checkpoint
  }

  /// Whether the step that begins now has to be the last one. To be asked before every step.
  ///
  ///     now + 2 turns + 3/2 checkpoints + margin > end
  ///
  /// A turn is the longest time between two looks so far, whatever lay in it: step, evaluation, checkpoint. One that goes on
  /// now is back after a turn; if it stops then, it needs the rest of another turn and a checkpoint, half as long again as
  /// the longest so far, since other jobs write to the same disks.
  ///
  /// - Parameter isWriting: whether a checkpoint is being written, or will be after this step: the last one waits for it
  package mutating func isNear(at now: Instant, isWriting: Bool = false) -> Bool {
    if let lastLook { longestTurn = max(longestTurn, lastLook.duration(to: now)) }
    lastLook = now
    let checkpoints = longestCheckpoint * (isWriting ? 6 : 3) / 2
    let needed = longestTurn * 2 + checkpoints + Self.margin
    return now.advanced(by: needed) > end
  }

  /// A checkpoint took this long.
  package mutating func checkpointTook(_ duration: Duration) {
    longestCheckpoint = max(longestCheckpoint, duration)
  }
}
