import Buffers
import Dist
import Files
import Kernels
import Model

/// Compares the ranks' copies of the weights, which every rank computes alike: a flipped bit, or a processor that computes otherwise,
/// would train another model on that rank without a word.
///
/// In every step one part in `parts` is hashed and compared, all of it before a checkpoint. So a difference is found `parts` steps after it
/// came into being at the latest, and never saved.
package struct ReplicaCheck {
  /// A whole round takes so many steps.
  package static let parts = 16

  /// Floats of a tile: 256 KiB stay in a core's cache.
  private static let tile = 1 << 16

  private let state: ModelState
  private let team: ThreadTeam
  private let communicator: Communicator
  private let isNeeded: Bool
  /// By part: the last step after which it was the same on all ranks.
  private var equalAfter: [Int] = []

  /// - Parameter owned: the weights that this rank updates: where that is not all of them, they are handed out in every step
  init(_ state: ModelState, team: ThreadTeam, communicator: Communicator, owned: Range<Int>) {
    self.state = state
    self.team = team
    self.communicator = communicator
    isNeeded = communicator.size > 1 && owned.count == state.table.count
  }

  private func range(of part: Int) -> Range<Int> {
    let count = state.table.count
    return count * part / Self.parts..<count * (part + 1) / Self.parts
  }

  /// Before `step`: the hash of a part of this rank's weights in its place among the ranks', zeros elsewhere; empty where there
  /// is nothing to compare. What the sum of all ranks' makes of it goes to `compare`.
  mutating func fingerprints(before step: Int) -> [Double] {
    guard isNeeded else { return [] }
    // A run begins, or goes on, with the weights of rank 0 on all.
    if equalAfter.isEmpty { equalAfter = Array(repeating: step - 1, count: Self.parts) }
    return StepSums.own(hash(range(of: step % Self.parts)), communicator)
  }

  /// Stops the run where the ranks' hashes, of before `step`, are not the same. Collective.
  mutating func compare(_ hashes: [Double], before step: Int) throws {
    guard isNeeded else { return }
    let part = step % Self.parts
    guard Set(hashes).count == 1 else {
      throw try difference(hashes, found: step - 1, equalAfter: equalAfter[part])
    }
    equalAfter[part] = step - 1
  }

  /// Compares everything, before it is saved. Collective.
  mutating func compareAll(after step: Int) throws {
    guard isNeeded else { return }
    let own = hash(0..<state.table.count)
    let hashes = try communicator.allReduce(StepSums.own(own, communicator), .sum)
    guard Set(hashes).count == 1 else {
      throw try difference(hashes, found: step, equalAfter: equalAfter.min() ?? step - 1)
    }
    equalAfter = Array(repeating: step, count: Self.parts)
  }

  /// A hash of a part of the weights that a Double holds exactly: 52 bits.
  private func hash(_ range: Range<Int>) -> Double {
    let tiles = (range.count + Self.tile - 1) / Self.tile
    let hashes = team.map(tiles) { index, _ in
      let start = range.lowerBound + index * Self.tile
      let part = state.weights[start..<min(start + Self.tile, range.upperBound)]
      return part.withBytes { Double(XXH128.number($0) >> 12) }
    }
    // An odd multiplier: no tile is lost, wherever it stands.
    let all = hashes.reduce(UInt64(0)) { ($0 ^ UInt64($1)) &* 0x9e37_79b9_7f4a_7c15 }
    return Double(all >> 12)
  }

  /// Which tensors differ on which ranks, the same on every rank. Collective.
  private func difference(
    _ hashes: [Double], found: Int, equalAfter: Int
  ) throws -> AgreedFailure {
    let parameters = state.table.parameters
    let (size, count) = (communicator.size, parameters.count)
    var all = [Double](repeating: 0, count: size * count)
    for (index, parameter) in parameters.enumerated() {
      all[communicator.rank * count + index] = hash(parameter.range)
    }
    all = try communicator.allReduce(all, .sum)
    let tensors = parameters.enumerated().map { index, parameter in
      (parameter.name, (0..<size).map { all[$0 * count + index] })
    }
    return AgreedFailure(
      Self.sentence(
        tensors: tensors, hashes: hashes, hosts: try communicator.hosts(), found: found,
        equalAfter: min(equalAfter, found - 1)))
  }

  /// What to say of weights that differ.
  ///
  /// - Parameters:
  ///   - tensors: names, and hashes by rank
  ///   - hashes: those that were not the same, by rank
  ///   - found: the step after which they were seen to differ
  ///   - equalAfter: one after which they did not
  package static func sentence(
    tensors: [(name: String, hashes: [Double])], hashes: [Double], hosts: [String], found: Int,
    equalAfter: Int
  ) -> String {
    func name(_ rank: Int) -> String { "rank \(rank) on \(hosts[rank])" }
    let since =
      equalAfter + 1 < found
      ? "since an update between \(equalAfter + 1) and \(found)" : "since update \(found)"
    let differing = tensors.filter { Set($0.hashes).count > 1 }
    // The ranks that the most tensors, or else the first hashes, are odd on.
    let odd =
      differing.isEmpty
      ? minority(hashes) ?? []
      : Set(differing.flatMap { minority($0.hashes) ?? [] }).sorted()
    let names = differing.prefix(3).map(\.name).joined(separator: ", ")
    let tensor =
      names + (differing.count > 3 ? " and \(differing.count - 3) more tensors" : "")
    let who = odd.map(name).joined(separator: ", ")
    let what: String
    if differing.isEmpty {
      what =
        "the weights seemed to differ between the ranks, but not when compared again"
        + (who.isEmpty ? "" : ": \(who) read other values")
    } else if who.isEmpty {
      what =
        "\(hosts.indices.map(name).joined(separator: " and ")) have different weights in \(tensor), \(since); "
        + "it cannot be decided which of them is right"
    } else {
      what = "\(who) has different weights from the other ranks in \(tensor), \(since)"
    }
    return
      "step \(found): \(what). The memory or CPU of a node is faulty. Training stops here without a checkpoint: "
      + "run the same command again to resume from the last one, preferably without "
      + "that node"
  }

  /// The ranks that do not agree with more than half of all; nil where no such half exists.
  package static func minority(_ hashes: [Double]) -> [Int]? {
    let counts = Dictionary(hashes.map { ($0, 1) }, uniquingKeysWith: +)
    guard let most = counts.max(by: { $0.value < $1.value }), 2 * most.value > hashes.count else {
      return nil
    }
    return hashes.indices.filter { hashes[$0] != most.key }
  }
}
