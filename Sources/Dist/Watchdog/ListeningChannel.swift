/// Rank 0's: all others call it. `hello TOKEN RANK`, then `at MOMENT` again and again, each answered by `at` and rank 0's own; `end`.
///
/// The port is open to everybody who can reach the machine. A stranger gets no answer; a look takes a bounded number of callers and of
/// bytes from each; a stranger is closed by its first line that is no greeting, or after `patience` seconds; and a rank that is
/// connected keeps its place, whoever else claims it.
package struct ListeningChannel: WatchChannel {
  private let listener: LineListener
  private let token: String
  private let size: Int
  private var strangers: [Stranger] = []
  private var ranks: [Int: Caller] = [:]
  private var own = Progress.Moment()
  /// The number of looks before ranks that have not connected are reported.
  private var patience: Int
  /// Seconds after which a rank that says nothing may be replaced by one that calls again.
  private let silence: Double

  /// Somebody who has called and not greeted.
  private struct Stranger {
    let connection: LineConnection
    let since: Double
  }

  /// A rank.
  private struct Caller {
    let connection: LineConnection
    /// The time of its last message.
    var heard: Double
  }

  /// Callers that a look takes.
  static let mostCalls = 64
  /// Strangers that are connected at once.
  package static let mostStrangers = 64
  /// Seconds in which a caller has to greet. A rank does so at once.
  package static let patience = 5.0
  /// Seconds after which one that has not greeted gives way to a new one.
  package static let grace = 1.0

  /// - Parameters:
  ///   - size: of the job
  ///   - interval: seconds between two messages of a rank
  ///   - token: what every rank has to know
  package init(size: Int, interval: Double, listener: LineListener, token: String) {
    (self.listener, self.token, self.size) = (listener, token, size)
    patience = max(4, Int(15 / interval))
    silence = 4 * interval
  }

  /// For `poll`.
  package var descriptors: [Int32] {
    [listener.descriptor] + strangers.map(\.connection.descriptor)
      + ranks.values.map(\.connection.descriptor)
  }

  package mutating func receive(at now: Double) -> [WatchMessage] {
    var messages: [WatchMessage] = []
    // Ranks first: what they say decides whether one that calls again may take their place.
    for (rank, caller) in ranks {
      take(caller.connection.receive()[...], of: rank, at: now, &messages)
      if !caller.connection.isOpen {
        ranks[rank] = nil
        messages.append(.hungUp(rank: rank))
      }
    }
    var waiting: [Stranger] = []
    for stranger in strangers {
      if greet(stranger, at: now, &messages) { waiting.append(stranger) }
    }
    strangers = waiting
    for _ in 0..<ListeningChannel.mostCalls {
      guard let connection = listener.accept() else { break }
      let stranger = Stranger(connection: connection, since: now)
      // A rank's greeting comes with its call, so that a crowd of strangers does not keep it out.
      if greet(stranger, at: now, &messages), makeRoom(at: now) { strangers.append(stranger) }
    }
    return messages
  }

  /// Hears what a caller says first; whether it may go on waiting.
  private mutating func greet(
    _ stranger: Stranger, at now: Double, _ messages: inout [WatchMessage]
  ) -> Bool {
    let connection = stranger.connection
    let lines = connection.receive()
    guard let first = lines.first else {
      return connection.isOpen && now - stranger.since < ListeningChannel.patience
    }
    guard let rank = rank(of: first) else { return false }
    if let other = ranks[rank], other.connection.isOpen, now - other.heard < silence {
      return false
    }
    connection.send("hello \(token)")
    ranks[rank] = Caller(connection: connection, heard: now)
    take(lines.dropFirst(), of: rank, at: now, &messages)
    return false
  }

  /// True if one more stranger may stay; if there are many, it replaces the one that has been silent longest.
  private mutating func makeRoom(at now: Double) -> Bool {
    guard strangers.count >= ListeningChannel.mostStrangers else { return true }
    guard let first = strangers.first, now - first.since >= ListeningChannel.grace else {
      return false
    }
    strangers.removeFirst()
    return true
  }

  private func rank(of line: String) -> Int? {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "hello", isEqual(parts[1], token), let rank = Int(parts[2]),
      (1..<size).contains(rank)
    else { return nil }
    return rank
  }

  package mutating func take(
    _ lines: ArraySlice<String>, of rank: Int, at now: Double, _ messages: inout [WatchMessage]
  ) {
    let moments = lines.compactMap { line in
      line.hasPrefix("at ") ? Progress.Moment(line: line.dropFirst(3)) : nil
    }
    guard let last = moments.last else { return }
    ranks[rank]?.heard = now
    ranks[rank]?.connection.send("at \(own.line)")
    messages.append(.moment(rank: rank, last))
  }

  package mutating func tell(_ moment: Progress.Moment) { own = moment }

  package mutating func end() { for caller in ranks.values { caller.connection.send("end") } }

  package mutating func complaint(unheard: [Int]) -> String? {
    patience -= 1
    guard patience == 0, !unheard.isEmpty else { return nil }
    return
      "the watchdog of \(words(forRanks: unheard)) cannot connect to rank 0's (a firewall?): if the "
      + "run stalls, it still ends, but the report cannot say what these ranks did"
  }
}

/// Compares two texts in a time that does not tell where they differ.
func isEqual(_ one: some StringProtocol, _ other: some StringProtocol) -> Bool {
  let (a, b) = (Array(one.utf8), Array(other.utf8))
  guard a.count == b.count else { return false }
  return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
