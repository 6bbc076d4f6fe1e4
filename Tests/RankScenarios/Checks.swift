import Buffers
import Dist

/// Sizes around everything that has an edge.
private let sizes = [0, 1, 7, 4097, Communicator.chunk + 3]

/// Small integers: their sums are exact in any order, so `==` is what we ask for.
private func value(_ index: Int, rank: Int) -> Float { Float(index % 13 + 3 * rank - 5) }

func checkCollectives(_ ranks: Communicator) throws {
  let (rank, size) = (ranks.rank, ranks.size)
  try ranks.barrier()
  for count in sizes {
    for chunk in [1000, Communicator.chunk] where count <= 100 * chunk {
      let buffer = FloatBuffer(count)
      for index in 0..<count { buffer.vector[index] = value(index, rank: rank) }
      try ranks.allReduceSum(buffer.vector, chunk: chunk)
      let sum = (0..<count).allSatisfy { index in
        buffer.vector[index] == (0..<size).reduce(0) { $0 + value(index, rank: $1) }
      }
      try expect(sum, "allReduceSum of \(count) floats in chunks of \(chunk)")
    }
    for root in 0..<size {
      let buffer = FloatBuffer(count)
      for index in 0..<count { buffer.vector[index] = value(index, rank: rank) }
      try ranks.broadcast(buffer.vector, from: root)
      let same = (0..<count).allSatisfy { buffer.vector[$0] == value($0, rank: root) }
      try expect(same, "broadcast of \(count) floats from \(root)")
    }
  }
  try checkSameBits(ranks)

  let values = [Double(rank + 1), Double(-rank), 7]
  let ranked = (0..<size).map(Double.init)
  let sums = [ranked.reduce(0) { $0 + $1 + 1 }, -ranked.reduce(0, +), 7 * Double(size)]
  try expect(try ranks.allReduce(values, .sum) == sums, "allReduce .sum")
  try expect(try ranks.allReduce(values, .min) == [1, 1 - Double(size), 7], "allReduce .min")
  try expect(try ranks.allReduce(values, .max) == [Double(size), 0, 7], "allReduce .max")
  try expect(try ranks.allReduce([], .sum) == [], "allReduce of nothing")
  for flagged in 0..<size {
    try expect(try ranks.any(rank == flagged), "any, true on rank \(flagged)")
  }
  try expect(try !ranks.any(false), "any, true nowhere")

  try checkBytes(ranks)
  try ranks.agree(on: "the same on all", what: "a test")
  try checkTopology(ranks)
  if size == 1 {
    // MPI would refuse this root: nothing is asked of it where there is one rank.
    try expect(try ranks.broadcast([5], from: 99) == [5], "no MPI call with one rank")
  }
}

/// Sums that depend on their order must still be the same on every rank.
private func checkSameBits(_ ranks: Communicator) throws {
  let buffer = FloatBuffer(4097)
  for index in 0..<4097 { buffer.vector[index] = 1 / Float(index + 3 * ranks.rank + 1) }
  try ranks.allReduceSum(buffer.vector)
  let own = buffer.vector.array.flatMap { value in
    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
  }
  let all = try ranks.allGather(own)
  try expect(all.allSatisfy { $0 == own }, "a sum has the same bits on every rank")
}

private func checkBytes(_ ranks: Communicator) throws {
  func bytes(_ rank: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + rank) }
  }
  for count in [0, 1, 7, 4097] {
    // Rank 0 has least: no rank may rely on another's length.
    let own = bytes(ranks.rank, count * ranks.rank)
    let all = (0..<ranks.size).map { bytes($0, count * $0) }
    try expect(try ranks.allGather(own) == all, "allGather of \(count) bytes a rank")
    for root in 0..<ranks.size {
      let gathered = try ranks.gather(own, at: root)
      try expect(gathered == (ranks.rank == root ? all : nil), "gather of \(count) at \(root)")
      let sent = try ranks.broadcast(bytes(ranks.rank, count + ranks.rank), from: root)
      try expect(sent == bytes(root, count + root), "broadcast of \(count) bytes from \(root)")
    }
  }
}

private func checkTopology(_ ranks: Communicator) throws {
  let node = ranks.node
  try expect(!ranks.host.isEmpty, "a host has a name")
  try expect(
    node.node == 0 && node.nodes == 1 && node.ranksOnNode == ranks.size
      && node.rankOnNode == ranks.rank, "one machine is one node: \(node)")
}

/// Ranks 0 and 1 are on the first node, rank 2 is alone on the second.
func checkTwoNodes(_ ranks: Communicator) throws {
  let node = ranks.node
  let alone = ranks.rank == 2
  try expect(
    node.nodes == 2 && node.node == (alone ? 1 : 0) && node.ranksOnNode == (alone ? 1 : 2)
      && node.rankOnNode == (alone ? 0 : ranks.rank), "two nodes: \(node)")
  let hosts = try ranks.allGather(Array(ranks.host.utf8))
  try expect(hosts[0] == hosts[1] && hosts[1] != hosts[2], "the hosts are named")
  try checkReducer(ranks)
  let threads = try ThreadShare.fairThreadCount(ranks)
  try expect(!alone || threads == Affinity.cpus().count, "nothing is shared between nodes")
}

func checkReducer(_ ranks: Communicator) throws {
  for strategy in ReductionStrategy.allCases {
    // Integers below 256 and their sums have a bf16.
    for wire in WireFormat.allCases where strategy.supports(wire) {
      try checkReducer(ranks, strategy, wire)
    }
  }
}

private func checkReducer(
  _ ranks: Communicator, _ strategy: ReductionStrategy, _ wire: WireFormat
) throws {
  for (count, microBatches) in zip(sizes, [1, 2, 3, 1, 2]) {
    let gradients = FloatBuffer(count)
    let weights = FloatBuffer(count)
    let reducer = try strategy.reducer(
      gradients: gradients.vector, weights: weights.vector,
      layout: GradientLayout(cuts: Array(stride(from: 0, to: count, by: 1_000)) + [count]),
      wire: wire, communicator: ranks, clock: ContinuousClock())
    for step in 1...3 {
      for microBatch in 0..<microBatches {
        for index in 0..<count {
          let own = value(index, rank: ranks.rank + step + microBatch)
          gradients.vector[index] =
            microBatch == 0 || reducer.isolatesMicroBatches ? own : gradients.vector[index] + own
        }
        let middle = count / 3
        // Backward's order, and in the last step another: the sum must not care.
        let parts = step == 3 ? [0..<middle, middle..<count] : [middle..<count, 0..<middle]
        if microBatch == microBatches - 1 || reducer.isolatesMicroBatches {
          parts.forEach(reducer.ready)
        }
        try reducer.finishMicroBatch(isLast: microBatch == microBatches - 1)
      }
      let owned = try reducer.finish()
      try expect(owned == reducer.owned, "\(strategy): what is owned")
      for index in owned {
        let sum = (0..<microBatches).reduce(Float(0)) { total, microBatch in
          (0..<ranks.size).reduce(total) { $0 + value(index, rank: $1 + step + microBatch) }
        }
        try expect(
          gradients.vector[index] == sum,
          "\(strategy), \(wire): sum of \(count), step \(step), at \(index)")
        weights.vector[index] += sum
      }
      try reducer.publish()
    }
    for index in 0..<count {
      let sum = (1...3).reduce(Float(0)) { total, step in
        (0..<microBatches).reduce(total) { total, microBatch in
          (0..<ranks.size).reduce(total) { $0 + value(index, rank: $1 + step + microBatch) }
        }
      }
      try expect(weights.vector[index] == sum, "\(strategy): weight \(index) is known to all")
    }
  }
}

func checkThreads(_ ranks: Communicator) throws {
  let own = try ThreadShare.fairThreadCount(ranks)
  let cpus = try ranks.allGather(Affinity.cpus().map { UInt8(truncatingIfNeeded: $0) })
  let distinct = Set(cpus.joined()).count
  let total = try ranks.allReduce([Double(own)], .sum)[0]
  try expect(own >= 1, "every rank has a thread")
  try expect(
    Int(total) == max(distinct, ranks.size) || Affinity.quota() != nil,
    "\(Int(total)) threads of \(ranks.size) ranks on \(distinct) CPUs")
}

/// Fractions whose sum depends on the order: whatever the number of ranks, 12 micro-batches give the bits of the plain sum.
func checkOrder(_ ranks: Communicator) throws {
  let count = 2 * Communicator.chunk + 77
  func gradient(_ number: Int, _ index: Int) -> Float { 1 / Float(3 * index + 7 * number + 1) }
  let gradients = FloatBuffer(count)
  let weights = FloatBuffer(count)
  let reducer = try ReductionStrategy.ordered.reducer(
    gradients: gradients.vector, weights: weights.vector,
    layout: GradientLayout(cuts: Array(0...9) + [1 << 20, count]), communicator: ranks,
    clock: ContinuousClock())
  for number in MicroBatchShares(count: 12, ranks: ranks.size)[ranks.rank] {
    for index in 0..<count { gradients.vector[index] = gradient(number, index) }
    reducer.ready(0..<count)
    try reducer.finishMicroBatch(isLast: number + ranks.size >= 12)
  }
  let owned = try reducer.finish()
  weights.vector[owned].copy(from: gradients.vector[owned])
  try reducer.publish()
  for index in 0..<count {
    let sum = (0..<12).reduce(Float(0)) { $0 + gradient($1, index) }
    try expect(weights.vector[index] == sum, "the ordered sum at \(index)")
  }
}

/// Scatters a vector from rank 0 and gathers it again.
func checkSlices(_ ranks: Communicator) throws {
  let count = Communicator.chunk + 100
  for shared in [false, true] {
    let owned =
      shared ? 0..<count : count * ranks.rank / ranks.size..<count * (ranks.rank + 1) / ranks.size
    let range = ranks.isRoot ? 0..<count : owned
    let part = FloatBuffer(range.count)
    for index in owned { part.vector[index - range.lowerBound] = Float(index + 1) }
    try ranks.collect(part.vector, range: range, owned: owned)
    if ranks.isRoot {
      try expect(part.vector.array == (0..<count).map { Float($0 + 1) }, "rank 0 has everything")
      for index in 0..<count { part.vector[index] = Float(2 * index) }
    }
    try ranks.distribute(part.vector, range: range, owned: owned)
    let all = range.allSatisfy { part.vector[$0 - range.lowerBound] == Float(2 * $0) }
    try expect(all, "every rank has its part")
  }
}
