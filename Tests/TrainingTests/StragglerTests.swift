import Foundation
import Testing
import Training

/// Who is too slow, with made-up times and with those of a noisy machine.
@Suite struct StragglerTests {
  /// The least that a look is at.
  private static let window = Stragglers.blocks * Stragglers.blockSteps

  private func sentences(
    _ steps: Int, microBatches: [Int] = [2, 2, 2], communication: Double = 0,
    _ seconds: (_ step: Int) -> [Double]
  ) -> [Int: String] {
    var stragglers = Stragglers(hosts: ["one", "two", "three"], microBatches: microBatches)
    var result: [Int: String] = [:]
    for step in 1...steps {
      let times = seconds(step)
      result[step] = stragglers.add(times, step: (times.max() ?? 0) + communication)
    }
    return result
  }

  @Test func aRankThatIsSlowInEveryBlockIsNamedWithItsHostAndItsCost() {
    let found = sentences(2 * Self.window) { _ in [1.0, 1.25, 1.02] }
    #expect(found.keys.sorted() == [Self.window])
    #expect(found[Self.window]?.hasPrefix("rank 1 on two takes longer") == true)
    #expect(found[Self.window]?.contains("19 % of the time of the last 100 steps") == true)
  }

  @Test func itIsNamedAgainOnlyAfterALongPause() {
    let found = sentences(Self.window + Stragglers.pause) { _ in [1.0, 1.25, 1.0] }
    #expect(found.keys.sorted() == [Self.window, Self.window + Stragglers.pause])
  }

  @Test func whatIsShortSmallOrHiddenByCommunicationIsNothing() {
    #expect(sentences(400) { $0 % 3 == 0 ? [9.0, 1.0, 1.0] : [1.0, 1.0, 1.0] }.isEmpty)
    #expect(sentences(400) { _ in [1.0, 1.09, 1.0] }.isEmpty)
    #expect(sentences(400, communication: 2) { _ in [1.0, 1.25, 1.0] }.isEmpty)
    #expect(sentences(Self.window - 1) { _ in [1.0, 2.0, 1.0] }.isEmpty)
    // Fast steps: slow for three seconds in all.
    #expect(
      sentences(3_000) { $0 < 1_500 ? [0.001, 0.002, 0.001] : [0.001, 0.001, 0.001] }.isEmpty)
    // One block in which it was as fast as the others.
    #expect(sentences(400) { $0 / 20 % 4 == 0 ? [1.0, 1.0, 1.0] : [1.0, 1.5, 1.0] }.isEmpty)
    // Another rank each time.
    #expect(sentences(400) { step in (0..<3).map { step % 3 == $0 ? 2.0 : 1.0 } }.isEmpty)
  }

  @Test func whoHasMoreMicroBatchesMayTakeLonger() {
    #expect(sentences(300, microBatches: [2, 1, 0]) { _ in [2.0, 1.0, 0.1] }.isEmpty)
    #expect(sentences(300, microBatches: [2, 1, 0]) { _ in [2.0, 1.5, 0.1] }.count == 1)
    #expect(sentences(300, microBatches: [2, 0, 0]) { _ in [2.0, 0.1, 0.1] }.isEmpty)
    #expect(sentences(300, microBatches: [0, 0, 0]) { _ in [0.1, 0.2, 0.1] }.isEmpty)
  }

  /// Seconds of both ranks, and of the whole step: see `make_rank_times.py`.
  private func recorded(_ name: String) throws -> [(ranks: [Double], step: Double)] {
    let url = try #require(
      Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "csv"))
    let rows = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
      .filter { !$0.hasPrefix("#") }
      .map { $0.split(separator: ",").compactMap { Double($0) }.map { $0 * 1e-6 } }
    #expect(rows.count >= 300 && rows.allSatisfy { $0.count == 3 })
    return rows.map { ([$0[0], $0[1]], $0[2]) }
  }

  /// The sentences on a recorded run in which one rank takes `factor` times as long.
  private func sentences(on name: String, slowing rank: Int, by factor: Double) throws -> [String] {
    var stragglers = Stragglers(hosts: ["one", "two"], microBatches: [2, 2])
    return try recorded(name).compactMap { recorded in
      var ranks = recorded.ranks
      ranks[rank] *= factor
      let longer = (ranks.max() ?? 0) - (recorded.ranks.max() ?? 0)
      return stragglers.add(ranks, step: recorded.step + longer)
    }
  }

  /// Runs on two CPUs that compilers used too: for a hundred steps in a row one rank took three times as long as the other.
  @Test(arguments: ["short-steps", "long-steps"]) func theNoiseOfABusyMachineIsNoStraggler(
    name: String
  ) throws {
    #expect(try sentences(on: name, slowing: 0, by: 1) == [])
  }

  @Test(arguments: [
    ("long-steps", 0, 1.3), ("long-steps", 1, 1.2), ("long-steps", 1, 1.5), ("short-steps", 0, 2),
  ])
  func aSlowRankIsFoundInTheNoise(name: String, rank: Int, factor: Double) throws {
    let found = try sentences(on: name, slowing: rank, by: factor)
    #expect(found.count == 1 && found[0].hasPrefix("rank \(rank) on "), "\(found)")
  }
}

/// Messages about weights that differ between ranks, with made-up hashes.
@Suite struct ReplicaSentenceTests {
  private func sentence(
    _ tensors: [(name: String, hashes: [Double])], hashes: [Double], equalAfter: Int = 30
  ) -> String {
    ReplicaCheck.sentence(
      tensors: tensors, hashes: hashes, hosts: ["one", "two", "three"], found: 41,
      equalAfter: equalAfter)
  }

  @Test func theOddRankIsNamedWithTensorHostAndSteps() {
    let text = sentence(
      [("a", [1, 1, 1]), ("b.weight", [2, 2, 3])], hashes: [5, 5, 6])
    #expect(
      text.hasPrefix(
        "step 41: rank 2 on three has different weights from the other ranks in b.weight, since a step "
          + "between 31 and 41."))
    #expect(text.contains("run the same command again to resume from the last one"))
    let exact = sentence([("b", [3, 2, 2])], hashes: [6, 5, 5], equalAfter: 40)
    #expect(
      exact.contains(
        "rank 0 on one has different weights from the other ranks in b, since step 41."))
  }

  @Test func manyTensorsAreCounted() {
    let tensors = "abcde".map { (name: "\($0)", hashes: [1.0, 2.0, 2.0]) }
    #expect(sentence(tensors, hashes: [1, 2, 2]).contains("in a, b, c and 2 more tensors,"))
  }

  @Test func withoutAMajorityAllAreNamed() {
    let text = sentence([("a", [1, 2, 3])], hashes: [1, 2, 3])
    #expect(
      text.contains("rank 0 on one and rank 1 on two and rank 2 on three have different weights"))
    #expect(text.contains("cannot be decided"))
    #expect(ReplicaCheck.minority([1, 2]) == nil)
    #expect(ReplicaCheck.minority([1, 1, 2, 2]) == nil)
    #expect(ReplicaCheck.minority([1, 2, 1, 1, 3]) == [1, 4])
    #expect(ReplicaCheck.minority([1, 1]) == [])
  }

  @Test func aDifferenceThatASecondLookDoesNotFindIsTold() {
    let text = sentence([("a", [1, 1, 1])], hashes: [1, 2, 1])
    #expect(text.contains("but not when compared again: rank 1 on two read other values"))
  }
}
