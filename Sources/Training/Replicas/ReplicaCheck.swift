import Buffers
import Dist
import Files
import Kernels
import Model

/// Compares the ranks' copies of the weights, which must be equal: after a flipped bit or a wrong result of a CPU, a rank would train
/// a different model without a message.
///
/// Every step hashes and compares one of `parts` parts; a checkpoint is preceded by a comparison of all of them. So a difference is found
/// at most `parts` steps after it arose, and is never saved.
package struct ReplicaCheck {
  /// The number of parts, and of steps until all parts have been compared.
  package static let parts = 16

  /// Floats per tile: 256 KiB stay in a CPU's cache.
  private static let tile = 1 << 16

  private let state: ModelState
  private let team: ThreadTeam
  private let communicator: Communicator
  private let isNeeded: Bool
  /// For every part, the last step after which it was the same on all ranks.
  private var equalAfter: [Int] = []

  /// - Parameter owned: the weights that this rank updates; if these are not all, every step distributes them, and no check is needed
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

  /// Before `step`: the hash of a part of this rank's weights at this rank's place, zeros at the other ranks' places; empty if there
  /// is nothing to compare. `compare` takes the sum of this over all ranks.
  mutating func fingerprints(before step: Int) -> [Double] {
    guard isNeeded else { return [] }
    // A run begins or resumes with the weights of rank 0 on all ranks.
    if equalAfter.isEmpty { equalAfter = Array(repeating: step - 1, count: Self.parts) }
    return StepSums.own(hash(range(of: step % Self.parts)), communicator)
  }

  /// Throws if the ranks' hashes from before `step` differ. Collective.
  mutating func compare(_ hashes: [Double], before step: Int) throws {
    guard isNeeded else { return }
    let part = step % Self.parts
    guard Set(hashes).count == 1 else {
      throw try difference(hashes, found: step - 1, equalAfter: equalAfter[part])
    }
    equalAfter[part] = step - 1
  }

  /// Compares all weights before they are saved. Collective.
  mutating func compareAll(after step: Int) throws {
    guard isNeeded else { return }
    let own = hash(0..<state.table.count)
    let hashes = try communicator.allReduce(StepSums.own(own, communicator), .sum)
    guard Set(hashes).count == 1 else {
      throw try difference(hashes, found: step, equalAfter: equalAfter.min() ?? step - 1)
    }
    equalAfter = Array(repeating: step, count: Self.parts)
  }

  /// A hash of a part of the weights, of 52 bits, so that a Double holds it exactly.
  private func hash(_ range: Range<Int>) -> Double {
    let tiles = (range.count + Self.tile - 1) / Self.tile
    let hashes = team.map(tiles) { index, _ in
      let start = range.lowerBound + index * Self.tile
      let part = state.weights[start..<min(start + Self.tile, range.upperBound)]
      return part.withBytes { Double(XXH128.number($0) >> 12) }
    }
    // An odd multiplier, so that every tile affects the result, wherever it is.
    let all = hashes.reduce(UInt64(0)) { ($0 ^ UInt64($1)) &* 0x9e37_79b9_7f4a_7c15 }
    return Double(all >> 12)
  }

  /// An error that names the tensors that differ and their ranks, the same on every rank. Collective.
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

  /// The message about weights that differ.
  ///
  /// - Parameters:
  ///   - tensors: names, and hashes by rank
  ///   - hashes: the hashes that differed, by rank
  ///   - found: the step after which the difference was found
  ///   - equalAfter: an earlier step after which the weights were equal
  package static func sentence(
    tensors: [(name: String, hashes: [Double])], hashes: [Double], hosts: [String], found: Int,
    equalAfter: Int
  ) -> String {
    func name(_ rank: Int) -> String { "rank \(rank) on \(hosts[rank])" }
    let since =
      equalAfter + 1 < found
      ? "since a step between \(equalAfter + 1) and \(found)" : "since step \(found)"
    let differing = tensors.filter { Set($0.hashes).count > 1 }
    // The ranks that are in the minority for any tensor, or if no tensor differs, for the first hashes.
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

  /// The ranks that disagree with a majority of more than half of all ranks; nil if there is no such majority.
  package static func minority(_ hashes: [Double]) -> [Int]? {
    let counts = Dictionary(hashes.map { ($0, 1) }, uniquingKeysWith: +)
    guard let most = counts.max(by: { $0.value < $1.value }), 2 * most.value > hashes.count else {
      return nil
    }
    return hashes.indices.filter { hashes[$0] != most.key }
  }
}
