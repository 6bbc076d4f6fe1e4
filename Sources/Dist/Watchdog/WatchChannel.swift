import Foundation

/// A message from one watchdog to another.
package enum WatchMessage: Sendable, Equatable {
  /// A rank does this.
  case moment(rank: Int, Progress.Moment)
  /// A rank's end of the connection is closed.
  case hungUp(rank: Int)
  /// Rank 0 has ended the job.
  case end
}

/// A watchdog's connection to other ranks. No call blocks for longer than a second, and none fails: a rank that
/// cannot be reached is silent.
package protocol WatchChannel {
  /// The descriptors to wait for.
  var descriptors: [Int32] { get }
  /// The messages that have arrived, limited to what one look reads.
  ///
  /// - Parameter now: seconds of a clock
  mutating func receive(at now: Double) -> [WatchMessage]
  /// Says what the own rank does.
  mutating func tell(_ moment: Progress.Moment)
  /// The job ends.
  mutating func end()
  /// A message for the user about ranks that cannot be heard; given once.
  mutating func complaint(unheard: [Int]) -> String?
}

/// One rank, or ranks that cannot talk.
struct NoChannel: WatchChannel {
  var descriptors: [Int32] { [] }
  func receive(at now: Double) -> [WatchMessage] { [] }
  func tell(_ moment: Progress.Moment) {}
  func end() {}
  func complaint(unheard: [Int]) -> String? { nil }
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

  mutating func receive(at now: Double) -> [WatchMessage] {
    guard let connection else { return [] }
    var messages: [WatchMessage] = []
    for line in connection.receive() {
      if isEqual(line, "hello \(token)") {
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
    // Visits all of them in turn, repeatedly.
    addresses.append(addresses.removeFirst())
    connection = LineConnection.connect(to: addresses[addresses.count - 1], port: port, within: 1)
    connection?.send(hello)
  }

  mutating func end() {}
  mutating func complaint(unheard: [Int]) -> String? { nil }
}
