import Buffers
import Console
import Data
import Dist
import Files
import Foundation
import Preflight
import Tokenization

/// How fast the ranks sum a gradient: in one call of `MPI_Allreduce` and in chunks of several sizes, in turn and several times.
///
/// Of every measurement the slowest rank's time counts.
public final class CollectiveBenchmark {
  /// What was measured; times are medians over the rounds.
  public struct Result: Sendable, Encodable {
    /// Rank 0's machine.
    public let host: String
    /// Ranks, and the machines that they are on.
    public let ranks, nodes: Int
    /// Rounds of which each figure is the median.
    public let rounds: Int
    /// Bytes of the gradient.
    public let bytes: Int
    /// Microseconds of an all-reduce of one number: the mean of many, the median of the rounds.
    public let latencyMicroseconds: Double
    /// The whole gradient in one call.
    public let oneCall: Measurement
    /// The gradient in chunks, smallest first.
    public let chunks: [Measurement]
    /// Of all, the call size that took the least time.
    public let bestChunkBytes: Int
    /// The call size that training uses.
    public let usedChunkBytes: Int
  }

  /// One way to sum the gradient.
  public struct Measurement: Sendable, Encodable {
    /// Bytes of a call.
    public let chunkBytes: Int
    /// Calls for the whole gradient.
    public let calls: Int
    /// The whole gradient's time.
    public let seconds: Double
    /// The gradient's bytes over that time, in 10⁹.
    public let gigabytesPerSecond: Double
  }

  /// All-reduces of one number in a round.
  private static let smallCalls = 1_000
  /// Floats of a call: 64 KiB to 64 MiB.
  private static let chunks = (14...24).filter { $0.isMultiple(of: 2) }.map { 1 << $0 }

  private let communicator: Communicator
  private let gradient: FloatBuffer
  private let clock = ContinuousClock()

  /// A gradient of `count` zeros on every rank.
  public init(count: Int, communicator: Communicator) throws {
    precondition(count > 0, "a gradient of \(count) floats")
    var need = MemoryNeed(floats: count, threads: 1)
    need.threads = 0
    try MemoryCheck.require(need, on: communicator)
    self.communicator = communicator
    gradient = FloatBuffer(count)
    // Memory is taken when it is first written to.
    gradient.vector.fill(0)
  }

  /// Measures everything `rounds` times in turn, after once to warm up. Collective.
  public func run(rounds: Int) throws -> Result {
    precondition(rounds > 0, "nothing to measure")
    guard communicator.size > 1 else {
      throw UsageError("there is nobody to sum with: start it under mpirun with at least two ranks")
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

  /// The time of `body` on the rank that took longest, all having begun together. Collective.
  private func slowest(_ body: () throws -> Void) throws -> Double {
    try communicator.barrier()
    let seconds = try clock.seconds(body)
    return try communicator.allReduce([seconds], .max)[0]
  }
}

extension CollectiveBenchmark.Result: CustomStringConvertible {
  /// A table for people.
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
    bytes < 1 << 20 ? "\(bytes >> 10) KiB a call" : "\(bytes >> 20) MiB a call"
  }
}
