import Buffers
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Ends a job in which nothing moves any more, and says which rank is behind and what it was doing.
///
/// A thread beside each rank's training. MPI is for the training thread alone, so the watchdogs of all ranks talk to rank 0's over TCP: each
/// says about once a second what its rank does, rank 0's answers. Whose connection fails watches its own rank alone. `StallRule` decides.
@safe
public final class Watchdog: Sendable {
  private let isStopped = Atomic(false)
  /// Wakes the thread when the run is over: the end that is read and the end that is written.
  private let wake: (read: Int32, write: Int32)
  nonisolated(unsafe) private var thread: SystemThread?

  /// The thread's name, for debuggers and tests.
  static let threadName = "watchdog"

  /// The facts about the job that a watchdog needs.
  struct Job: Sendable {
    let rank: Int
    let hosts: [String]
    let progress: Progress
    /// Seconds.
    let timeout: Double
    /// The exit status of a job that is stuck.
    let status: Int32
    let note: @Sendable (String) -> Void

    /// Seconds between two messages.
    var interval: Double { min(1, timeout / 8) }
  }

  /// The address at which the watchdog of rank 0 listens, as it is sent to the other ranks.
  struct Meeting: Sendable, Equatable {
    var port: Int
    /// Known to the ranks of this job only: others that find the port are not heard.
    var token: String
    var addresses: [String]

    var line: String { (["\(port)", token] + addresses).joined(separator: " ") }

    init(port: Int, token: String, addresses: [String]) {
      (self.port, self.token, self.addresses) = (port, token, addresses)
    }

    /// Nil for a line that is none.
    init?(line: String) {
      let parts = line.split(separator: " ").map(String.init)
      guard parts.count >= 3, let port = Int(parts[0]) else { return nil }
      self.init(port: port, token: parts[1], addresses: Array(parts[2...]))
    }
  }

  /// Begins to watch. Collective: one broadcast and one gathering; all connecting is done beside the training.
  ///
  /// - Parameters:
  ///   - timeout: seconds without a move of any rank after which the job is ended, above 0
  ///   - status: the exit status that it then has
  ///   - note: prints a line
  public init(
    _ communicator: Communicator, timeout: Double, status: Int32,
    note: @escaping @Sendable (String) -> Void
  ) throws(MPIError) {
    precondition(timeout > 0, "a timeout of \(timeout) s")
    let listener =
      communicator.isRoot && communicator.size > 1
      ? LineListener(callers: communicator.size) : nil
    var generator = SystemRandomNumberGenerator()
    let token = (0..<2).map { _ in String(generator.next(), radix: 16) }.joined()
    let offer = listener.map {
      Meeting(port: $0.port, token: token, addresses: LineListener.addresses())
    }
    let answer = try communicator.broadcast(Array((offer?.line ?? "").utf8))
    let meeting = Meeting(line: String(decoding: answer, as: UTF8.self))
    let hosts = try communicator.hosts()
    if communicator.isRoot, communicator.size > 1, meeting == nil {
      note("the watchdog cannot open a port: each rank watches itself alone")
    }
    let job = Job(
      rank: communicator.rank, hosts: hosts, progress: communicator.progress, timeout: timeout,
      status: status, note: note)
    var ends: [Int32] = [-1, -1]
    let made = unsafe pipe(&ends)
    guard made == 0 else { Refusal.openFiles(for: "the watchdog") }
    for end in ends { LineConnection.closeAtExec(end) }
    wake = (ends[0], ends[1])
    start(WatchLoop(job, listener: listener, meeting: meeting, wake: ends[0]))
  }

  private func start(_ loop: consuming WatchLoop) {
    let start = Start(self, loop)
    guard let thread = SystemThread(joined: true, { start.run() }) else {
      Refusal.thread(after: 1)
    }
    unsafe self.thread = thread
  }

  /// Read by the watch's own thread alone.
  private final class Start: @unchecked Sendable {
    let watchdog: Watchdog
    var loop: WatchLoop
    init(_ watchdog: Watchdog, _ loop: WatchLoop) { (self.watchdog, self.loop) = (watchdog, loop) }

    func run() {
      let name = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
      if name >= 0 {
        unsafe write(name, Watchdog.threadName, Watchdog.threadName.utf8.count)
        close(name)
      }
      loop.run { watchdog.isStopped.load(ordering: .relaxed) }
    }
  }

  /// Ends the watch; to be called once, whatever ended the run.
  public func stop() {
    isStopped.store(true, ordering: .relaxed)
    var byte: UInt8 = 0
    unsafe write(wake.write, &byte, 1)
    unsafe thread?.join()
    close(wake.read)
    close(wake.write)
  }
}

extension Communicator {
  /// The name of every rank's machine, in the order of the ranks. Collective.
  public func hosts() throws(MPIError) -> [String] {
    try allGather(Array(host.utf8)).map { String(decoding: $0, as: UTF8.self) }
  }
}
