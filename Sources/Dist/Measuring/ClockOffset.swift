import CMPI
import Foundation

/// The offset of a rank's clock from that of rank 0.
public struct ClockOffset: Sendable, Equatable, Codable {
  /// The rank.
  public let rank: Int
  /// Its time of day less rank 0's.
  public let seconds: Double
  /// At most so far is `seconds` from the truth: half of the shortest round trip.
  public let uncertainty: Double

  /// A measurement.
  public init(rank: Int, seconds: Double, uncertainty: Double) {
    (self.rank, self.seconds, self.uncertainty) = (rank, seconds, uncertainty)
  }
}

extension Communicator {
  /// Round trips of which the shortest counts.
  private static let questions = 20

  /// Compares clocks with rank 0's (Cristian 1989): of several questions the one that was answered soonest says most. Collective.
  ///
  /// - Parameter ranks: whose clocks; the same on all ranks, in the same order
  public func clockOffsets(of ranks: [Int]) throws(MPIError) -> [ClockOffset] {
    var values = [Double](repeating: 0, count: 2 * ranks.count)
    try barrier()
    for (index, other) in ranks.enumerated() where other != 0 {
      if isRoot {
        var best = (seconds: 0.0, trip: 1e6)
        for _ in 0..<Self.questions {
          let asked = Self.time
          try send(asked, to: other)
          let answer = try receive(from: other)
          let now = Self.time
          // A clock that is set meanwhile may make a trip negative.
          if now >= asked, now - asked < best.trip {
            best = (answer - (asked + now) / 2, now - asked)
          }
        }
        (values[2 * index], values[2 * index + 1]) = (best.seconds, best.trip / 2)
      } else if rank == other {
        for _ in 0..<Self.questions {
          _ = try receive(from: 0)
          try send(Self.time, to: 0)
        }
      }
    }
    values = try allReduce(values, .sum)
    return ranks.enumerated().map {
      ClockOffset(rank: $1, seconds: values[2 * $0], uncertainty: values[2 * $0 + 1])
    }
  }

  private static var time: Double { Date().timeIntervalSince1970 }

  private func send(_ value: Double, to rank: Int) throws(MPIError) {
    var value = value
    try check("MPI_Send") { unsafe MPI_Send(&value, 1, cmpi_double(), count(rank), 0, world) }
  }

  private func receive(from rank: Int) throws(MPIError) -> Double {
    var value = 0.0
    var status = MPI_Status()
    try check("MPI_Recv") {
      unsafe MPI_Recv(&value, 1, cmpi_double(), count(rank), 0, world, &status)
    }
    return value
  }
}
