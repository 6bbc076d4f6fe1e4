import Dist

/// Computes numbers for every item of a list, each on one rank, and gives them to all ranks.
///
/// Batches depend only on the list, not on the number of ranks. An item is therefore always computed in the same batch, with bitwise
/// identical results.
enum SharedRows {
  /// Collective.
  ///
  /// - Parameters:
  ///   - costs: for every item, the number of its sequences and the tokens of the longest
  ///   - columns: the number of values per item
  ///   - capacity: the largest number of tokens of a batch, padding included; no item has more
  ///   - compute: returns the values of a batch of items
  /// - Returns: the values of every item, in the order of `costs`
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
    // Every value comes from one rank, and adding the zeros of the others does not change its bits.
    all = try communicator.allReduce(all, .sum)
    return costs.indices.map { Array(all[$0 * columns..<($0 + 1) * columns]) }
  }

  /// Batches of items of similar length, the longest first.
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
