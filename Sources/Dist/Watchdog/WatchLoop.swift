import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The loop of a watchdog's thread: it listens, looks at its own rank about once a second, and asks the rule.
struct WatchLoop {
  private let job: Watchdog.Job
  private let wake: Int32
  private let clock = SuspendingClock()
  private var rule: StallRule
  private var channel: any WatchChannel
  private var files = FileTraffic()
  private let start: SuspendingClock.Instant
  private var lastLook: SuspendingClock.Instant

  /// - Parameters:
  ///   - listener: rank 0's, where there are others and the system let it have one
  ///   - meeting: where the others call; nil where they cannot
  ///   - wake: can be read when it is time to end
  init(
    _ job: Watchdog.Job, listener: LineListener?, meeting: Watchdog.Meeting?, wake: Int32
  ) {
    self.job = job
    self.wake = wake
    rule = StallRule(hosts: job.hosts, own: job.rank, timeout: job.timeout)
    if let listener, let meeting {
      channel = ListeningChannel(
        size: job.hosts.count, interval: job.interval, listener: listener, token: meeting.token)
    } else if let meeting, job.rank > 0 {
      channel = CallingChannel(job, meeting)
    } else {
      channel = NoChannel()
    }
    start = clock.now
    lastLook = start
  }

  /// Until `isStopped`, or until the job is stuck, which ends the process.
  mutating func run(isStopped: () -> Bool) {
    // At once: a rank may stop in its first second.
    look()
    while !isStopped() {
      let left = job.interval - lastLook.duration(to: clock.now).inSeconds
      if left > 0 {
        LineConnection.wait(for: channel.descriptors + [wake], seconds: left)
      }
      if isStopped() { return }
      for message in channel.receive(at: start.duration(to: clock.now).inSeconds) { take(message) }
      // Whoever floods the port keeps this thread no busier than this.
      if channel.descriptors.count > 0 { LineConnection.wait(for: [wake], seconds: 0.01) }
      if lastLook.duration(to: clock.now).inSeconds >= job.interval { look() }
    }
  }

  package mutating func take(_ message: WatchMessage) {
    switch message {
    case .moment(let rank, let moment): rule.heard(rank, moment)
    case .hungUp(let rank): rule.lost(rank)
    // Rank 0's watchdog has said why; under srun every rank's own status counts.
    case .end: _exit(job.status)
    }
  }

  private mutating func look() {
    let now = clock.now
    rule.passed(lastLook.duration(to: now).inSeconds, turn: job.interval)
    lastLook = now
    var moment = job.progress.moment
    if files.haveMoved(), !moment.waits {
      job.progress.moved()
      moment = job.progress.moment
    }
    rule.heard(job.rank, moment)
    channel.tell(moment)
    if let lost = channel.complaint(unheard: rule.unheard) { job.note(lost) }
    guard rule.isStalled else { return }
    report()
    channel.end()
    _exit(job.status)
  }

  /// One write, so that the lines of several ranks do not mix.
  private func report() {
    let text =
      "gpt1-dist: \(rule.report)\nThe job ends here, with status \(job.status): run the same command again to resume "
      + "from the newest checkpoint"
    job.note(text)
  }
}

/// The bytes that a rank reads and writes in files, as the system counts them: a checkpoint on a slow disk counts as movement.
private struct FileTraffic {
  private let system = SystemFiles()
  private var last = 0

  /// True if there was any since the last call. Of reads only those of the training thread count: this thread reads the counters.
  mutating func haveMoved() -> Bool {
    let now =
      number("wchar", in: "/proc/self/io") + number("rchar", in: "/proc/self/task/\(getpid())/io")
    defer { last = now }
    return now != last
  }

  private func number(_ name: String, in path: String) -> Int {
    system.value(name, in: path).flatMap { Int($0) } ?? 0
  }
}

extension Duration {
  fileprivate var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
