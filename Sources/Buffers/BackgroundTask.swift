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
    // Where the system allows no more threads, the starter waits for its end instead.
    if SystemThread(run) == nil { run() }
  }

  /// What the piece of work came to, once; nil where it goes on and is not waited for, and where there is none.
  package func take(waiting: Bool) -> Result<Value, any Error>? {
    if waiting { running.wait() }
    return result.withLock { $0.take() }
  }

  /// Returns when nothing goes on any more.
  package func wait() { running.wait() }
}
