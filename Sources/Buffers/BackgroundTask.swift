import Dispatch
import Synchronization

/// Work that goes on beside the thread that starts it, one piece at a time, on a thread of its own.
///
/// The thread inherits the signals that its starter blocks: see `StopSignals`.
package final class BackgroundTask<Value: Sendable>: Sendable {
  private let running = DispatchGroup()
  private let result = Mutex<Result<Value, any Error>?>(nil)

  /// Nothing goes on yet.
  package init() {}

  /// Begins `body`. The piece before is done, and its result has been taken.
  package func start(_ body: @escaping @Sendable () throws -> Value) {
    running.enter()
    @Sendable func run() {
      let value = Result(catching: body)
      result.withLock { $0 = value }
      running.leave()
    }
    // If the system allows no more threads, the caller runs the work itself.
    if SystemThread(run) == nil { run() }
  }

  /// Returns the result of the work once. Returns nil if there is none, or if the work still runs and `waiting` is false.
  package func take(waiting: Bool) -> Result<Value, any Error>? {
    if waiting { running.wait() }
    return result.withLock { $0.take() }
  }

  /// Returns when nothing goes on any more.
  package func wait() { running.wait() }
}
