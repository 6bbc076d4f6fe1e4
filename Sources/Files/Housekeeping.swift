import Synchronization

/// Collects folders and files that are no longer needed and could not be removed. The work itself has not failed: such a leftover is
/// reported once per folder, and its removal is tried again at the next opportunity.
public final class Housekeeping: Sendable {
  private struct State {
    var told: Set<String> = []
    var news: [String] = []
  }

  private let state = Mutex(State())

  /// Nothing has been told yet.
  public init() {}

  /// Sentences that were not there at the last call, oldest first.
  public func news() -> [String] {
    state.withLock { state in
      defer { state.news = [] }
      return state.news
    }
  }

  /// `path` stays, because of `error`; `consequence` is the end of the sentence.
  func stays(_ path: String, _ error: InputError, _ consequence: String) {
    state.withLock { state in
      guard state.told.insert(path).inserted else { return }
      state.news.append("\(error); \(consequence)")
    }
  }
}
