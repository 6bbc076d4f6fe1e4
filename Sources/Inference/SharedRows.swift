import Dist

/// Numbers for every item of a list, each computed by one rank and then known to all.
///
/// Batches are cut from the list alone, not from the number of ranks, so that an item is computed in the same company, to the same
/// bits, whoever computes it.
enum SharedRows {
  /// Collective.
  ///
  /// - Parameters:
  ///   - costs: of every item, its sequences and the tokens of the longest
  ///   - columns: the numbers of an item
  ///   - capacity: the most tokens of a batch, with padding; no item has more
  ///   - compute: the numbers of a batch of items
  /// - Returns: the numbers of every item, in the order of `costs`
  static func collect(
    costs: [(sequences: Int, length: Int)], columns: Int, capacity: Int,
    _ communicator: Communicator, compute: (_ items: [Int]) throws -> [[Double]]
  ) throws -> [[Double]] {
    var all = [Double](repeating: 0, count: costs.count * columns)
    for (number, batch) in batches(costs, capacity: capacity).enumerated()
    where number % communicator.size == communicator.rank {
      for (item, row) in zip(batch, try compute(batch)) {
        precondition(row.count == columns, "an item of another width")
        all.replaceSubrange(item * columns..<(item + 1) * columns, with: row)
      }
    }
    // Every number is one rank's, and zeros of the others change no bit of it.
    all = try communicator.allReduce(all, .sum)
    return costs.indices.map { Array(all[$0 * columns..<($0 + 1) * columns]) }
  }

  /// Items of like length together, the longest first.
  static func batches(_ costs: [(sequences: Int, length: Int)], capacity: Int) -> [[Int]] {
    var result: [[Int]] = []
    var (rows, length) = (0, 0)
    let order = costs.indices.sorted { (costs[$1].length, $0) < (costs[$0].length, $1) }
    for item in order {
      precondition(
        costs[item].sequences * costs[item].length <= capacity, "an item beyond the capacity")
      if result.isEmpty || (rows + costs[item].sequences) * length > capacity {
        result.append([])
        (rows, length) = (0, costs[item].length)
      }
      result[result.count - 1].append(item)
      rows += costs[item].sequences
    }
    return result
  }
}
