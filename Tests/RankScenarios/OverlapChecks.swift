import Buffers
import Dist

/// A gradient of a table and other floats, of which the ranks announce the table first and add rows to it later.
private struct Announcement {
  let rows: Int
  let width: Int
  let others: Int

  var count: Int { rows * width + others }
  var layout: GradientLayout {
    let table = 0..<rows * width
    let middle = table.count + others / 2
    return GradientLayout(
      cuts: [0, count], order: [table, middle..<count, table.count..<middle], table: table,
      width: width, lateRows: rows)
  }

  /// Rank r adds to every (r + 2)th row, so that there are rows of none, one and several; the last of several ranks adds to none.
  func ids(_ rank: Int, of size: Int, step: Int) -> [Int32] {
    if size > 1, rank == size - 1 { return [] }
    return (0..<Int32(rows)).filter { Int($0) % (rank + 2) == step % 2 }
  }
}

/// Small integers, whose sums are exact in bf16 too.
private func dense(_ index: Int, _ rank: Int, _ step: Int) -> Float {
  Float((index + 5 * rank + step) % 11 - 5)
}

private func late(_ id: Int32, _ column: Int, _ rank: Int) -> Float {
  Float((Int(id) + 3 * column + rank) % 7 - 3)
}

/// Rows that come late are summed too, whichever rank has them, and what is announced is summed meanwhile.
func checkOverlap(_ ranks: Communicator) throws {
  for wire in WireFormat.allCases {
    for shape in [
      Announcement(rows: 1, width: 1, others: 0), Announcement(rows: 45, width: 3, others: 10),
      // More than a bucket of each kind.
      Announcement(rows: 2_000, width: 600, others: 1_100_000),
    ] {
      try check(shape, wire, ranks)
    }
  }
  try checkOverlappedBits(ranks)
}

private func check(_ shape: Announcement, _ wire: WireFormat, _ ranks: Communicator) throws {
  let gradients = FloatBuffer(shape.count)
  let reducer = try overlapped(gradients.vector, shape.layout, wire, ranks)
  let rows = FloatBuffer(shape.rows * shape.width)
  for step in 1...3 {
    for index in 0..<shape.count { gradients.vector[index] = dense(index, ranks.rank, step) }
    let ids = shape.ids(ranks.rank, of: ranks.size, step: step)
    for (place, id) in ids.enumerated() {
      for column in 0..<shape.width {
        rows.vector[place * shape.width + column] = late(id, column, ranks.rank)
      }
    }
    // One rank announces everything at once, as one without micro-batches does: sums begin in the same order all the same.
    let parts = ranks.rank == 1 ? [0..<shape.count] : shape.layout.order
    for part in parts {
      reducer.ready(part)
      for _ in 0..<10 { reducer.poll() }
    }
    if !ids.isEmpty {
      reducer.takeLate(SparseRows(ids: ids, values: rows[0..<ids.count * shape.width]))
    }
    let hidden = reducer.overlapTimes?.hidden
    try expect(try reducer.finish() == 0..<shape.count, "all is owned")
    try expect(
      ids.isEmpty || reducer.overlapTimes?.hidden == hidden,
      "time after backward was counted as hidden")
    var expected = (0..<shape.count).map { index in
      (0..<ranks.size).reduce(Float(0)) { $0 + dense(index, $1, step) }
    }
    for rank in 0..<ranks.size {
      for id in shape.ids(rank, of: ranks.size, step: step) {
        for column in 0..<shape.width {
          expected[Int(id) * shape.width + column] += late(id, column, rank)
        }
      }
    }
    try expect(
      gradients.vector.array == expected, "\(wire): \(shape.count) floats in step \(step)")
  }
  let times = reducer.overlapTimes ?? OverlapTimes()
  try expect(
    (times.hidden > 0) == (ranks.size > 1 && ranks.rank != 1 && shape.others > 0)
      && times.polling <= times.hidden + 1,
    "\(times) is measured")
}

/// Sums that depend on their order: the same on all ranks, and once more.
private func checkOverlappedBits(_ ranks: Communicator) throws {
  for wire in WireFormat.allCases {
    var results: [[UInt8]] = []
    for _ in 0..<2 {
      let count = 700_001
      let gradients = FloatBuffer(count)
      let rows = FloatBuffer(30)
      let layout = GradientLayout(
        cuts: [0, count], table: 0..<3_000, width: 10, lateRows: 3)
      let reducer = try overlapped(gradients.vector, layout, wire, ranks)
      for index in 0..<count {
        gradients.vector[index] = 1 / Float(index % 5_000 + 3 * ranks.rank + 1)
      }
      for index in 0..<30 { rows.vector[index] = 1 / Float(index + ranks.rank + 1) }
      reducer.ready(0..<count)
      reducer.takeLate(SparseRows(ids: [1, 2, Int32(10 + ranks.rank)], values: rows.vector))
      _ = try reducer.finish()
      results.append(
        gradients.vector[0..<6_000].array.flatMap { value in
          (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        })
    }
    try expect(results[0] == results[1], "\(wire): the same bits once more")
    let all = try ranks.allGather(results[0])
    try expect(all.allSatisfy { $0 == results[0] }, "\(wire): the same bits on every rank")
  }
}

/// The strategy's reducer, as `--reduce overlapped` has it.
private func overlapped(
  _ gradients: Vector, _ layout: GradientLayout, _ wire: WireFormat, _ ranks: Communicator
) throws -> any GradientReducer {
  let reducer = try ReductionStrategy.overlapped.reducer(
    gradients: gradients, weights: gradients, layout: layout, wire: wire, communicator: ranks,
    clock: ContinuousClock())
  try expect(reducer.overlapsBackward, "sums go on during backward")
  return reducer
}
