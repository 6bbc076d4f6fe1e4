import Buffers

/// The time that messages between two ranks take.
public struct Link: Sendable, Equatable, Codable {
  /// The two.
  public let first, second: Int
  /// Latency of a message of one number, in microseconds: half of the shortest round trip.
  public let latencyMicroseconds: Double
  /// Bandwidth of a large message in one direction.
  public let bytesPerSecond: Double

  /// A measurement.
  public init(first: Int, second: Int, latencyMicroseconds: Double, bytesPerSecond: Double) {
    (self.first, self.second) = (first, second)
    (self.latencyMicroseconds, self.bytesPerSecond) = (latencyMicroseconds, bytesPerSecond)
  }
}

extension Communicator {
  /// Measures the links between neighbours in a ring of ranks by sending numbers there and back. Collective.
  ///
  /// No rank is in two pairs at once, and all pairs of a round are measured at the same time: a switch that cannot carry them all
  /// shows. A pair takes up to three seconds where the link is not very slow, the ring two or three times as long.
  ///
  /// - Parameter ranks: the same on all ranks, each once
  public func links(inRingOf ranks: [Int]) throws(MPIError) -> [Link] {
    let buffer = FloatBuffer(ranks.contains(rank) && ranks.count > 1 ? Ping.largest : 0)
    var (values, pairs) = ([Double](), [(Int, Int)]())
    for round in Ping.rounds(ranks.count) {
      try barrier()
      for (one, other) in round {
        let (first, second) = (ranks[one], ranks[other])
        pairs.append((first, second))
        var measured = [0.0, 0.0]
        if rank == first { measured = try Ping(self, second, buffer.vector).lead() }
        if rank == second { try Ping(self, first, buffer.vector).follow() }
        values += measured
      }
    }
    values = try allReduce(values, .sum)
    return pairs.enumerated().map { index, pair in
      Link(
        first: pair.0, second: pair.1, latencyMicroseconds: values[2 * index] * 1e6,
        bytesPerSecond: values[2 * index + 1])
    }
  }
}

/// One end of a link that is measured.
package struct Ping {
  private let communicator: Communicator
  private let other: Int
  private let values: Vector
  private let clock = ContinuousClock()

  /// Floats of the largest message.
  static let largest = 1 << 24
  /// A large message is as large as a call of an all-reduce, or takes this long there and back.
  private static let longEnough = 0.1
  /// Seconds after which no further try is begun.
  private static let patience = 2.0
  /// Floats of the pieces in which a large message goes, all of them under way at once: the link is measured, not the agreement
  /// on each.
  private static let piece = 1 << 18

  init(_ communicator: Communicator, _ other: Int, _ values: Vector) {
    (self.communicator, self.other, self.values) = (communicator, other, values)
  }

  /// Seconds of a small message, and bytes a second of a large one.
  func lead() throws(MPIError) -> [Double] {
    var latency = Double.infinity
    for _ in 0..<200 { latency = min(latency, try exchange(1) / 2) }
    var count = min(Communicator.chunk, Ping.largest)
    // The first exchange of a size may set up memory or connections.
    while try exchange(count) < Ping.longEnough, count < Ping.largest { count *= 4 }
    var best = Double.infinity
    let start = clock.now
    for _ in 0..<8 where start.duration(to: clock.now) < .seconds(Ping.patience) {
      best = min(best, try exchange(count) / 2)
    }
    try announce(0)
    return [latency, Double(count * MemoryLayout<Float>.stride) / best]
  }

  /// Sends back what comes, until there is no more.
  func follow() throws(MPIError) {
    while true {
      try receive(values[0..<1])
      let count = Int(values[0])
      if count == 0 { return }
      try receive(values[0..<count])
      try send(values[0..<count])
    }
  }

  /// Seconds in which `count` floats go there and come back.
  private func exchange(_ count: Int) throws(MPIError) -> Double {
    try announce(count)
    let start = clock.now
    try send(values[0..<count])
    try receive(values[0..<count])
    return start.duration(to: clock.now) / .seconds(1)
  }

  private func announce(_ count: Int) throws(MPIError) {
    values[0] = Float(count)
    try send(values[0..<1])
  }

  private func send(_ values: Vector) throws(MPIError) {
    try communicator.begin(sending: pieces(of: values), receiving: []).wait()
  }

  private func receive(_ values: Vector) throws(MPIError) {
    try communicator.begin(sending: [], receiving: pieces(of: values)).wait()
  }

  private func pieces(of values: Vector) -> [Message] {
    stride(from: 0, to: values.count, by: Ping.piece).map {
      Message(rank: other, values: values[$0..<min($0 + Ping.piece, values.count)])
    }
  }

  /// The pairs of neighbours in a ring of `count`, in rounds in which nobody is twice.
  package static func rounds(_ count: Int) -> [[(Int, Int)]] {
    if count < 2 { return [] }
    if count == 2 { return [[(0, 1)]] }
    let pairs = (0..<count).map { ($0, ($0 + 1) % count) }
    // The last pair of an odd ring meets both kinds.
    let last = count % 2 == 1 ? [pairs[count - 1]] : []
    let rest = pairs.dropLast(last.count)
    return [rest.filter { $0.0 % 2 == 0 }, rest.filter { $0.0 % 2 == 1 }, last].filter {
      !$0.isEmpty
    }
  }
}
