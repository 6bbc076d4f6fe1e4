import Foundation

/// The distribution of a node's CPUs among its ranks.
public enum ThreadShare {
  /// The number of CPUs for each rank of a node, at least 1.
  ///
  /// CPUs are dealt out one by one: to the rank that has the fewest of those that may still take
  /// one, of equals to the one with the smaller mask, then to the lower rank. It takes the CPU of
  /// its mask that the fewest others want. So equal masks are shared evenly with the remainder for
  /// the lower ranks, and disjoint masks are kept whole.
  ///
  /// - Parameters:
  ///   - masks: the affinity mask of each rank of the node, in the order of the ranks.
  ///   - quota: the CPUs' worth of time that all of them may use together, where that is limited.
  public static func counts(masks: [[Int]], quota: Int? = nil) -> [Int] {
    var demand: [Int: Int] = [:]
    for cpu in masks.joined() { demand[cpu, default: 0] += 1 }
    var free = masks.map { mask in
      mask.sorted { (demand[$0] ?? 0, $0) > (demand[$1] ?? 0, $1) }
    }
    var taken: Set<Int> = []
    var counts = masks.map { _ in 0 }
    while taken.count < quota ?? Int.max {
      for rank in free.indices {
        while let last = free[rank].last, taken.contains(last) { free[rank].removeLast() }
      }
      let next = free.indices.filter { !free[$0].isEmpty }.min {
        (counts[$0], masks[$0].count, $0) < (counts[$1], masks[$1].count, $1)
      }
      guard let next else { break }
      taken.insert(free[next].removeLast())
      counts[next] += 1
    }
    return counts.map { max(1, $0) }
  }

  /// The number of threads for this rank's team. Collective.
  ///
  /// The ranks of a node are taken to be in one control group: one starter started them.
  public static func fairThreadCount(_ communicator: Communicator) throws(MPIError) -> Int {
    let node = communicator.node
    let offer = Offer(
      node: node.node, rankOnNode: node.rankOnNode, cpus: Affinity.cpus(),
      quota: Affinity.quota())
    let offers = try communicator.allGather(offer.bytes).map(Offer.init(bytes:))
      .filter { $0.node == node.node }.sorted { $0.rankOnNode < $1.rankOnNode }
    let counts = counts(masks: offers.map(\.cpus), quota: offers.compactMap(\.quota).min())
    return counts[node.rankOnNode]
  }
}

/// The description of its CPUs that a rank sends to the others.
private struct Offer {
  let node: Int
  let rankOnNode: Int
  let cpus: [Int]
  let quota: Int?

  /// "node rank quota cpu cpu …" in text; a quota of 0 is none.
  var bytes: [UInt8] {
    Array(([node, rankOnNode, quota ?? 0] + cpus).map(String.init).joined(separator: " ").utf8)
  }

  init(node: Int, rankOnNode: Int, cpus: [Int], quota: Int?) {
    (self.node, self.rankOnNode, self.cpus, self.quota) = (node, rankOnNode, cpus, quota)
  }

  init(bytes: [UInt8]) {
    let numbers = bytes.split(separator: UInt8(ascii: " ")).map {
      Int(String(decoding: $0, as: UTF8.self)) ?? 0
    }
    precondition(numbers.count >= 3, "an offer of \(numbers.count) numbers")
    self.init(
      node: numbers[0], rankOnNode: numbers[1], cpus: Array(numbers[3...]),
      quota: numbers[2] == 0 ? nil : numbers[2])
  }
}
