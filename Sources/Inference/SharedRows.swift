import Dist

/// Computes numbers for every item of a list, each on one rank, and gives them to all ranks.
///
/// Batches depend only on the list, not on the number of ranks. An item is therefore always computed in the same batch, with bitwise
/// identical results.
enum SharedRows {
  /// Collective.
  ///
  /// - Parameters:
  ///   - costs: for every item, the number of its tokens
  ///   - columns: the number of values per item
  ///   - capacity: the largest number of tokens of a batch; no item has more
  ///   - compute: returns the values of a batch of items
  /// - Returns: the values of every item, in the order of `costs`
  static func collect(
    costs: [Int], columns: Int, capacity: Int,
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

  /// Batches of as many items as fit, in their order.
  static func batches(_ costs: [Int], capacity: Int) -> [[Int]] {
    var result: [[Int]] = []
    var tokens = 0
    for (item, cost) in costs.enumerated() {
      precondition(cost <= capacity, "an item beyond the capacity")
      tokens += cost
      if result.isEmpty || tokens > capacity {
        result.append([])
        tokens = cost
      }
      result[result.count - 1].append(item)
    }
    return result
  }
}
