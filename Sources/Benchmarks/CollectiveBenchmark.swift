import Buffers
import Console
import Data
import Dist
import Files
import Foundation
import Preflight
import Tokenization

/// Measures how fast the ranks sum a gradient: in one call of `MPI_Allreduce` and in chunks of several sizes, all in every round.
///
/// The time of the slowest rank counts in every measurement.
public final class CollectiveBenchmark {
  /// The results; times are medians over the rounds.
  public struct Result: Sendable, Encodable {
    /// The host name of rank 0.
    public let host: String
    /// The number of ranks, and of the nodes that they are on.
    public let ranks, nodes: Int
    /// The number of rounds, of which each figure is the median.
    public let rounds: Int
    /// Bytes of the gradient.
    public let bytes: Int
    /// Microseconds of an all-reduce of one number: the mean of many, the median of the rounds.
    public let latencyMicroseconds: Double
    /// The whole gradient in one call.
    public let oneCall: Measurement
    /// The gradient in chunks, smallest first.
    public let chunks: [Measurement]
    /// The call size that took the least time, of all.
    public let bestChunkBytes: Int
    /// The call size that training uses.
    public let usedChunkBytes: Int
  }

  /// One way to sum the gradient.
  public struct Measurement: Sendable, Encodable {
    /// Bytes per call.
    public let chunkBytes: Int
    /// Calls for the whole gradient.
    public let calls: Int
    /// The time for the whole gradient.
    public let seconds: Double
    /// The gradient's bytes over that time, in 10⁹.
    public let gigabytesPerSecond: Double
  }

  /// All-reduces of one number per round.
  private static let smallCalls = 1_000
  /// Floats per call: 64 KiB to 64 MiB.
  private static let chunks = (14...24).filter { $0.isMultiple(of: 2) }.map { 1 << $0 }

  private let communicator: Communicator
  private let gradient: FloatBuffer
  private let clock = ContinuousClock()

  /// Creates a gradient of `count` zeros on every rank.
  public init(count: Int, communicator: Communicator) throws {
    precondition(count > 0, "a gradient of \(count) floats")
    var need = MemoryNeed(floats: count, threads: 1)
    need.threads = 0
    try MemoryCheck.require(need, on: communicator)
    self.communicator = communicator
    gradient = FloatBuffer(count)
    // The system provides memory only when it is first written to.
    gradient.vector.fill(0)
  }

  /// Measures everything once to warm up, and then in `rounds` rounds. Collective.
  public func run(rounds: Int) throws -> Result {
    precondition(rounds > 0, "nothing to measure")
    guard communicator.size > 1 else {
      throw UsageError("one rank has nothing to sum: start it under mpirun with at least two ranks")
    }
    let count = gradient.count
    let sizes = CollectiveBenchmark.chunks.filter { $0 < count } + [count]
    var seconds: [[Double]] = sizes.map { _ in [] }
    var small: [Double] = []
    for round in 0...rounds {
      for (index, size) in sizes.enumerated() {
        let time = try slowest { try communicator.allReduceSum(gradient.vector, chunk: size) }
        if round > 0 { seconds[index].append(time) }
      }
      let time = try slowest {
        for _ in 0..<CollectiveBenchmark.smallCalls { _ = try communicator.allReduce([0], .sum) }
      }
      if round > 0 { small.append(time / Double(CollectiveBenchmark.smallCalls)) }
    }
    let all = zip(sizes, seconds).map { measurement(chunk: $0, seconds: median($1)) }
    let best = all.min { $0.seconds < $1.seconds } ?? all[0]
    return Result(
      host: communicator.host, ranks: communicator.size, nodes: communicator.node.nodes,
      rounds: rounds, bytes: bytes(count), latencyMicroseconds: median(small) * 1e6,
      oneCall: all[all.count - 1], chunks: all.dropLast(), bestChunkBytes: best.chunkBytes,
      usedChunkBytes: min(bytes(Communicator.chunk), bytes(count)))
  }

  private func measurement(chunk: Int, seconds: Double) -> Measurement {
    let count = gradient.count
    return Measurement(
      chunkBytes: bytes(chunk), calls: (count + chunk - 1) / chunk, seconds: seconds,
      gigabytesPerSecond: Double(bytes(count)) / seconds / 1e9)
  }

  private func bytes(_ floats: Int) -> Int { floats * MemoryLayout<Float>.stride }

  /// The time of `body` on the slowest rank; all ranks begin together. Collective.
  private func slowest(_ body: () throws -> Void) throws -> Double {
    try communicator.barrier()
    let seconds = try clock.seconds(body)
    return try communicator.allReduce([seconds], .max)[0]
  }
}

extension CollectiveBenchmark.Result: CustomStringConvertible {
  /// The results as a table.
  public var description: String {
    var lines = [
      "\(counted(ranks, "rank")) on \(counted(nodes, "node")), \(gigabytes(bytes)), medians of "
        + "\(rounds) rounds",
      "one number        \(format(latencyMicroseconds, 1)) µs",
    ]
    for (name, one) in chunks.map({ (size($0.chunkBytes), $0) }) + [("one call", oneCall)] {
      lines.append(
        name.padding(toLength: 18, withPad: " ", startingAt: 0) + format(one.seconds, 4) + " s"
          + format(one.gigabytesPerSecond, 2).leftPadded(8) + " GB/s"
          + (one.chunkBytes == bestChunkBytes ? "  best" : "")
          + (one.chunkBytes == usedChunkBytes ? "  used in training" : ""))
    }
    return lines.joined(separator: "\n")
  }

  private func size(_ bytes: Int) -> String {
    bytes < 1 << 20 ? "\(bytes >> 10) KiB per call" : "\(bytes >> 20) MiB per call"
  }
}
