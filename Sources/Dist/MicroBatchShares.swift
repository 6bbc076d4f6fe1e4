/// Assigns the micro-batches of a step to ranks: rank r of N computes r, r + N, r + 2N, …
///
/// The only place that decides it: steps, validation, anomalies, `bench`, `doctor` and `replay` all ask here. Adding up the ranks'
/// k-th micro-batches in the order of the ranks, then their (k + 1)-th, goes through all micro-batches in order: `Ordered` relies on that.
public struct MicroBatchShares: Sendable, Equatable {
  /// Micro-batches of a step, over all ranks.
  public let count: Int
  /// Ranks that share them.
  public let ranks: Int

  /// The shares of `ranks` ranks, at least one.
  public init(count: Int, ranks: Int) {
    precondition(count >= 0 && ranks > 0, "\(count) micro-batches for \(ranks) ranks")
    (self.count, self.ranks) = (count, ranks)
  }

  /// The micro-batches that `rank` computes, ascending; none where there are fewer than ranks.
  public subscript(rank: Int) -> [Int] { Array(stride(from: rank, to: count, by: ranks)) }

  /// The rank that computes `microBatch`.
  public func rank(of microBatch: Int) -> Int { microBatch % ranks }

  /// The number of micro-batches of each rank.
  public var counts: [Int] { (0..<ranks).map { max(0, (count - $0 + ranks - 1) / ranks) } }

  /// The most micro-batches that a rank computes.
  public var most: Int { (count + ranks - 1) / ranks }

  /// True if all ranks compute the same number.
  public var areEqual: Bool { count % ranks == 0 }
}
