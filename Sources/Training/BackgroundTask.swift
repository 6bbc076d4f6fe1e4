import Foundation
import Synchronization

/// Work that goes on beside the thread that starts it, one piece at a time, on a thread of its own.
///
/// The thread inherits the signals that its starter blocks: see `StopSignals`.
final class BackgroundTask<Value: Sendable>: Sendable {
  private let running = DispatchGroup()
  private let result = Mutex<Result<Value, any Error>?>(nil)

  /// Begins `body`. The piece before is done, and its result has been taken.
  func start(_ body: @escaping @Sendable () throws -> Value) {
    running.enter()
    Thread.detachNewThread {
      let value = Result(catching: body)
      self.result.withLock { $0 = value }
      self.running.leave()
    }
  }

  /// What the piece of work came to, once; nil where it goes on and is not waited for, and where there is none.
  func take(waiting: Bool) -> Result<Value, any Error>? {
    if waiting { running.wait() }
    return result.withLock { $0.take() }
  }

  /// Returns when nothing goes on any more.
  func wait() { running.wait() }
}
