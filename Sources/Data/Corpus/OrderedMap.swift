import Buffers
import Synchronization

/// A parallel map whose results are in the order of the items, independent of the threads.
enum OrderedMap {
  /// Returns the result of `body` for each item, computed by up to `threads` threads.
  static func map<Item: Sendable, Result: Sendable>(
    _ items: [Item], threads: Int, _ body: @escaping @Sendable (Item) -> Result
  ) -> [Result] {
    let next = Atomic(0)
    let results = Mutex([Result?](repeating: nil, count: items.count))
    @Sendable func work() {
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < items.count else { return }
        let result = body(items[index])
        results.withLock { $0[index] = result }
      }
    }
    let others = (1..<max(1, min(threads, items.count))).map { started in
      // Dispatch would retry forever if the system allows no thread.
      guard let thread = SystemThread(joined: true, work) else { Refusal.thread(after: started) }
      return thread
    }
    work()
    for thread in others { thread.join() }
    return results.withLock { $0 }.compactMap { $0 }
  }
}
