import Buffers
import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Threads that wait for work beside the thread that hands it out.
///
/// Between two operations of a step lie microseconds, so a waiting thread first spins, which costs no system
/// call, and sleeps if nothing comes. If there are more threads than CPUs, it stops spinning early.
final class WorkerThreads: Sendable {
  private typealias Body = (_ tile: Int, _ worker: Int) -> Void

  /// The job that the threads read after `generation` has grown; the caller writes it before that.
  private struct Job {
    var tiles = 0
    var body: Body? = nil
  }

  private let count: Int
  nonisolated(unsafe) private var job = Job()
  private let generation = Atomic(0)
  private let next = Atomic(0)
  private let unfinished = Atomic(0)
  private let sleepers: [Sleeper]
  private let caller = Sleeper()

  init(count: Int) {
    self.count = count
    sleepers = (0..<count).map { _ in Sleeper() }
    // No thread begins before `self` is whole; each keeps it alive until `stop`.
    for index in 0..<count { start(index) }
  }

  private func start(_ index: Int) {
    guard SystemThread({ self.run(index) }) != nil else { Refusal.thread(after: index) }
  }

  /// Runs `body` on every tile; the caller works too, as worker 0, and calls `poll` between its tiles and while it waits.
  func perform(
    _ tiles: Int, _ body: (_ tile: Int, _ worker: Int) -> Void, poll: (() -> Void)? = nil
  ) {
    withoutActuallyEscaping(body) { body in
      unsafe job = Job(tiles: tiles, body: body)
      next.store(0, ordering: .relaxed)
      unfinished.store(count, ordering: .relaxed)
      wakeAll()
      _ = takeTiles(worker: 0, poll: poll)
      caller.wait(poll: poll) { unfinished.load(ordering: .acquiring) == 0 }
      unsafe job.body = nil
    }
  }

  /// Ends the threads; nothing can be performed afterwards.
  func stop() {
    unsafe job = Job()
    wakeAll()
  }

  private func wakeAll() {
    generation.add(1, ordering: .sequentiallyConsistent)
    for sleeper in sleepers { sleeper.wake() }
  }

  /// Takes tiles until there are no more; false when there is no job, which means to end.
  ///
  /// Not inlined, so that no copy of the body outlives the return: the caller's closure does not escape.
  @inline(never) private func takeTiles(worker: Int, poll: (() -> Void)? = nil) -> Bool {
    guard let body = unsafe job.body else { return false }
    let tiles = unsafe job.tiles
    while true {
      let tile = next.add(1, ordering: .relaxed).oldValue
      guard tile < tiles else { return true }
      body(tile, worker)
      poll?()
    }
  }

  private func run(_ index: Int) {
    var seen = 0
    while true {
      sleepers[index].wait { generation.load(ordering: .sequentiallyConsistent) != seen }
      seen += 1
      guard takeTiles(worker: index + 1) else { return }
      if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { caller.wake() }
    }
  }
}

/// One thread that looks for a while and then sleeps until another says that it is worth looking again.
private final class Sleeper: Sendable {
  private let asleep = Atomic(false)
  private let semaphore = DispatchSemaphore(value: 0)

  /// The number of looks before it yields the CPU: some tens of microseconds.
  private static let looks = 20_000
  /// The number of looks, each after yielding the CPU, before it sleeps.
  private static let yields = 50
  /// The longest sleep of a thread that has something to poll.
  private static let nap = DispatchTimeInterval.milliseconds(1)

  /// Returns when `ready` does; `ready` only ever turns true, and `wake` is called after it has. Calls `poll` again and again.
  func wait(poll: (() -> Void)? = nil, until ready: () -> Bool) {
    for _ in 0..<Sleeper.looks {
      if ready() { return }
    }
    for _ in 0..<Sleeper.yields {
      if ready() { return }
      poll?()
      sched_yield()
    }
    while !ready() {
      asleep.store(true, ordering: .sequentiallyConsistent)
      // Ready in between: whoever took the mark away has sent, or will send, a signal to be used up.
      if ready(), asleep.exchange(false, ordering: .sequentiallyConsistent) { return }
      guard let poll else {
        semaphore.wait()
        continue
      }
      if semaphore.wait(timeout: .now() + Sleeper.nap) == .timedOut,
        !asleep.exchange(false, ordering: .sequentiallyConsistent)
      {
        // Woken just now: the signal is used up here.
        semaphore.wait()
      }
      poll()
    }
  }

  func wake() {
    // Most are awake, and reading does not take the cache line away from them.
    guard asleep.load(ordering: .sequentiallyConsistent) else { return }
    if asleep.exchange(false, ordering: .sequentiallyConsistent) { semaphore.signal() }
  }
}
