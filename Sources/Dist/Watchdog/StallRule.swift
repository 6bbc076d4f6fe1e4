/// The knowledge of one rank's watchdog about all ranks, and the rule by which it judges that the job is stalled and which ranks are behind.
///
/// It reads neither clock nor network: its owner passes on what was heard and how much time has passed.
package struct StallRule: Sendable {
  /// The knowledge about a rank.
  struct Rank: Sendable {
    let host: String
    /// The last that was heard; nil for one that was never heard of.
    var moment: Progress.Moment?
    /// Seconds since then.
    var silence = 0.0
    /// True if it closed its connection: its process has ended, or connects again.
    var isGone = false
  }

  private var ranks: [Rank]
  private let own: Int
  private let timeout: Double
  /// Seconds without a move of any rank that is heard of.
  private var stillness = 0.0

  /// - Parameters:
  ///   - hosts: of every rank
  ///   - own: the rank whose watchdog this is; rank 0's hears of all, the others' of rank 0 and themselves
  ///   - timeout: seconds
  package init(hosts: [String], own: Int, timeout: Double) {
    ranks = hosts.map { Rank(host: $0) }
    self.own = own
    self.timeout = timeout
  }

  /// `rank` is alive, and this is what it does.
  package mutating func heard(_ rank: Int, _ moment: Progress.Moment) {
    let moved = ranks[rank].moment?.moves != moment.moves
    ranks[rank].moment = moment
    (ranks[rank].silence, ranks[rank].isGone) = (0, false)
    // As long as rank 0 lives, it decides: it hears of all.
    if moved || (rank == 0 && own != 0) { stillness = 0 }
  }

  /// `rank` hung up.
  package mutating func lost(_ rank: Int) { ranks[rank].isGone = true }

  /// Time passed since the last call.
  ///
  /// - Parameter turn: what should have passed at most. A watchdog that slept for longer was stopped itself, with its rank, or starved: it
  ///   knows nothing of that time, and if it was half of the timeout, it starts again.
  package mutating func passed(_ seconds: Double, turn: Double) {
    if seconds > turn + timeout / 2 {
      stillness = 0
      for rank in ranks.indices { ranks[rank].silence = 0 }
      return
    }
    stillness += min(seconds, 2 * turn)
    for rank in ranks.indices where rank != own { ranks[rank].silence += min(seconds, 2 * turn) }
  }

  /// Seconds without a move after which this watchdog ends the job.
  ///
  /// Rank 0's decides first. Where rank 0 is the one that fell silent, the others follow one by one, so that one of them speaks. A rank
  /// that never heard of rank 0 can only name itself; if it waits for others, it lets whoever knows more speak first.
  private var limit: Double {
    // Whoever started the job sees that a process has ended, and ends the rest.
    if own == 0 { return ranks.contains { $0.isGone } ? 2 * timeout : timeout }
    if ranks[0].moment != nil { return 1.25 * timeout + min(timeout, 0.5 * Double(own - 1)) }
    return ranks[own].moment?.waits ?? false ? 2 * timeout : timeout
  }

  /// True if the job is stalled.
  package var isStalled: Bool { stillness >= limit }

  /// The ranks that were never heard of.
  package var unheard: [Int] { ranks.indices.filter { ranks[$0].moment == nil } }

  /// The ranks that are behind, and the evidence for it, in the order in which it is examined.
  package enum Verdict: Sendable, Equatable {
    /// These neither speak nor wait for others.
    case stuck([Int])
    /// All that are heard of wait, so it is one of these, which are not.
    case unheard([Int])
    /// All wait for each other, these in an earlier step or phase.
    case behind([Int])
    /// All wait for each other in the same place.
    case nobody
  }

  /// The ranks that are behind in a stalled job.
  package var verdict: Verdict {
    let heard = ranks.indices.filter { ranks[$0].moment != nil }
    let stuck = heard.filter { isSilent($0) || ranks[$0].moment?.waits == false }
    if !stuck.isEmpty { return .stuck(stuck) }
    if !unheard.isEmpty { return .unheard(unheard) }
    func place(_ rank: Int) -> (Int, Int) {
      let moment = ranks[rank].moment
      return (moment?.step ?? 0, moment?.phase?.order ?? -1)
    }
    guard let least = heard.map(place).min(by: <) else { return .nobody }
    let behind = heard.filter { place($0) == least }
    return behind.count < heard.count ? .behind(behind) : .nobody
  }

  /// Others are heard of several times in half of the timeout.
  private func isSilent(_ rank: Int) -> Bool { ranks[rank].silence > timeout / 2 }

  /// Lines for people: the ranks that are behind, their host names, their last activity, and what the other ranks wait for.
  package var report: String {
    let verdict = verdict
    let behind: [Int]
    var lines: [String]
    switch verdict {
    case .stuck(let ranks):
      behind = ranks
      lines = ["Behind:"] + ranks.map { "  " + describe($0) }
    case .unheard(let ranks):
      behind = ranks
      lines = [
        "All ranks that the watchdog hears from are waiting. The rank behind is one that it has no connection to:"
      ]
      lines += ranks.map { "  " + name($0) }
    case .behind(let ranks):
      behind = ranks
      lines = ["All ranks are waiting; these are at an earlier point than the others:"]
      lines += ranks.map { "  " + describe($0) }
    case .nobody:
      behind = []
      lines = [
        "All ranks are waiting for each other at the same point; check the network between them."
      ]
    }
    let waiting = ranks.indices.filter { !behind.contains($0) }.compactMap { rank in
      ranks[rank].moment.map { (rank: rank, text: "\($0)") }
    }
    if !waiting.isEmpty { lines.append(behind.isEmpty ? "Waiting:" : "Waiting for it:") }
    lines += groups(of: waiting).map { "  \(words(forRanks: $0.ranks)) in \($0.text)" }
    return "nothing has moved for \(seconds(stillness)). " + lines.joined(separator: "\n")
  }

  private func name(_ rank: Int) -> String {
    "rank \(rank) of \(ranks.count) on \(ranks[rank].host)"
  }

  private func describe(_ rank: Int) -> String {
    guard let moment = ranks[rank].moment else { return name(rank) }
    return isSilent(rank)
      ? "\(name(rank)): no sign of life for \(seconds(ranks[rank].silence)) (stopped, or its machine "
        + "cannot be reached); last seen in \(moment)"
      : "\(name(rank)): for \(seconds(stillness)) in \(moment)"
  }

  private func seconds(_ value: Double) -> String { "\(Int(value.rounded())) s" }
}
