import Buffers
import Configuration
import Dist
import Kernels

/// Publishes the block that a rank's main thread is computing, for its watchdog: one store per tile.
struct LayerObserver: OperationObserver {
  let progress: Progress

  func finished(
    _ operation: Operation, layer: Int?, worker: Int, output: Matrix, firstRow: Int
  ) {
    if worker == 0 { progress.reached(layer: layer) }
  }
}

extension Watchdog {
  /// The watchdog of a run; nil if `stall-timeout` is 0. Collective.
  ///
  /// - Parameter note: prints a line
  static func of(
    _ config: RunConfig, _ communicator: Communicator, note: @escaping @Sendable (String) -> Void
  ) throws -> Watchdog? {
    guard let timeout = config.stallTimeout else { return nil }
    return try Watchdog(
      communicator, timeout: Double(timeout), status: TrainingRun.stoppedStatus,
      note: note)
  }
}
