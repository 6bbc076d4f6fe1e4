import Dispatch
import Foundation
import Synchronization

/// Remembers that somebody asked this process to stop: SIGTERM, SIGINT (Ctrl-C) or SIGUSR1, which batch systems send ahead of
/// their time limit.
///
/// The signals lose their default effect as long as this lives; the training loop asks `received` between two steps.
public final class StopSignals {
  private let state: State
  private let sources: [any DispatchSourceSignal]

  private final class State: Sendable {
    let signal = Atomic<Int32>(0)
  }

  /// Listens from now on.
  public init(_ signals: [Int32] = [SIGTERM, SIGINT, SIGUSR1]) {
    let state = State()
    self.state = state
    sources = signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { state.signal.store(number, ordering: .relaxed) }
      source.resume()
      return source
    }
  }

  deinit {
    for source in sources { source.cancel() }
  }

  /// The last signal received; nil when none was.
  public var received: Int32? {
    let number = state.signal.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}
