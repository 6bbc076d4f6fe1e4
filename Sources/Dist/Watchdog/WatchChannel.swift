import Foundation

/// What one watchdog says to another.
enum WatchMessage {
  /// A rank does this.
  case moment(rank: Int, Progress.Moment)
  /// A rank's end of the connection is closed.
  case hungUp(rank: Int)
  /// Rank 0 has ended the job.
  case end
}

/// How a watchdog hears of other ranks. Nothing here blocks for longer than a second, and nothing fails: who
/// cannot be reached is silent.
protocol WatchChannel {
  /// What to wait for.
  var descriptors: [Int32] { get }
  /// What has arrived.
  mutating func receive() -> [WatchMessage]
  /// Says what the own rank does.
  mutating func tell(_ moment: Progress.Moment)
  /// The job ends.
  mutating func end()
  /// What the user should know of ranks that cannot be heard; once.
  mutating func complaint(unheard: [Int]) -> String?
}

/// One rank, or ranks that cannot talk.
struct NoChannel: WatchChannel {
  var descriptors: [Int32] { [] }
  func receive() -> [WatchMessage] { [] }
  func tell(_ moment: Progress.Moment) {}
  func end() {}
  func complaint(unheard: [Int]) -> String? { nil }
}

/// Rank 0's: all others call it. `hello TOKEN RANK`, then `at MOMENT` again and again, each answered by `at` and rank 0's own; `end`.
struct ListeningChannel: WatchChannel {
  private let listener: LineListener
  private let token: String
  private let size: Int
  private var strangers: [LineConnection] = []
  private var ranks: [Int: LineConnection] = [:]
  private var own = Progress.Moment()
  /// Looks until those that have not called are told of.
  private var patience: Int

  init(_ job: Watchdog.Job, listener: LineListener, token: String) {
    self.listener = listener
    self.token = token
    size = job.hosts.count
    patience = max(4, Int(15 / job.interval))
  }

  var descriptors: [Int32] {
    [listener.descriptor] + strangers.map(\.descriptor) + ranks.values.map(\.descriptor)
  }

  mutating func receive() -> [WatchMessage] {
    while let caller = listener.accept() { strangers.append(caller) }
    // Who says nothing is forgotten, for those that come later.
    if strangers.count > size + 16 { strangers.removeFirst(strangers.count - size - 16) }
    var messages: [WatchMessage] = []
    for stranger in strangers {
      let lines = stranger.receive()
      guard let first = lines.first else { continue }
      strangers.removeAll { $0 === stranger || !$0.isOpen }
      guard let rank = caller(first) else { continue }
      stranger.send("hello \(token)")
      ranks[rank] = stranger
      messages += moments(of: rank, lines.dropFirst())
    }
    strangers.removeAll { !$0.isOpen }
    for (rank, connection) in ranks {
      messages += moments(of: rank, connection.receive()[...])
      if !connection.isOpen {
        ranks[rank] = nil
        messages.append(.hungUp(rank: rank))
      }
    }
    return messages
  }

  private func caller(_ line: String) -> Int? {
    let parts = line.split(separator: " ")
    guard parts.count == 3, parts[0] == "hello", parts[1] == token, let rank = Int(parts[2]),
      (1..<size).contains(rank)
    else { return nil }
    return rank
  }

  private func moments(of rank: Int, _ lines: ArraySlice<String>) -> [WatchMessage] {
    lines.compactMap { line in
      guard line.hasPrefix("at "), let moment = Progress.Moment(line: line.dropFirst(3)) else {
        return nil
      }
      ranks[rank]?.send("at \(own.line)")
      return .moment(rank: rank, moment)
    }
  }

  mutating func tell(_ moment: Progress.Moment) { own = moment }

  mutating func end() { for connection in ranks.values { connection.send("end") } }

  mutating func complaint(unheard: [Int]) -> String? {
    patience -= 1
    guard patience == 0, !unheard.isEmpty else { return nil }
    return
      "the watchdog of \(words(forRanks: unheard)) cannot connect to rank 0's (a firewall?): should the "
      + "run get stuck, it ends all the same, but the report knows less"
  }
}

/// Another rank's, which calls rank 0.
struct CallingChannel: WatchChannel {
  private let hello: String
  private let token: String
  private let port: Int
  private var addresses: [String]
  private var connection: LineConnection?
  private var isGreeted = false
  /// Turns since the call was taken by somebody who does not greet.
  private var turns = 0

  /// So many turns an answer may take.
  private static let mostTurns = 4

  init(_ job: Watchdog.Job, _ meeting: Watchdog.Meeting) {
    (token, port, addresses) = (meeting.token, meeting.port, meeting.addresses)
    // On one machine no firewall is in between.
    if job.hosts[job.rank] == job.hosts[0] { addresses.reverse() }
    hello = "hello \(meeting.token) \(job.rank)"
  }

  var descriptors: [Int32] { connection.map { [$0.descriptor] } ?? [] }

  mutating func receive() -> [WatchMessage] {
    guard let connection else { return [] }
    var messages: [WatchMessage] = []
    for line in connection.receive() {
      if line == "hello \(token)" {
        isGreeted = true
      } else if isGreeted, line == "end" {
        messages.append(.end)
      } else if isGreeted, line.hasPrefix("at "),
        let moment = Progress.Moment(line: line.dropFirst(3))
      {
        messages.append(.moment(rank: 0, moment))
      }
    }
    if !connection.isOpen { self.connection = nil }
    return messages
  }

  /// Calls first, where there is no connection: an address at a time, so that this turn is soon over.
  mutating func tell(_ moment: Progress.Moment) {
    turns += 1
    if !isGreeted, turns > CallingChannel.mostTurns { connection = nil }
    if connection == nil { call() }
    connection?.send("at \(moment.line)")
  }

  private mutating func call() {
    (isGreeted, turns) = (false, 0)
    // All in turn, again and again.
    addresses.append(addresses.removeFirst())
    connection = LineConnection.connect(to: addresses[addresses.count - 1], port: port, within: 1)
    connection?.send(hello)
  }

  mutating func end() {}
  mutating func complaint(unheard: [Int]) -> String? { nil }
}
