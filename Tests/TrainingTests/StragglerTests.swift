import Testing
import Training

/// Who is too slow, with made-up times.
@Suite struct StragglerTests {
  private func sentences(
    _ steps: Int, leaves: [Int] = [2, 2, 2], _ seconds: (_ step: Int) -> [Double]
  ) -> [Int: String] {
    var stragglers = Stragglers(hosts: ["one", "two", "three"], leaves: leaves)
    var result: [Int: String] = [:]
    for step in 1...steps { result[step] = stragglers.add(seconds(step)) }
    return result
  }

  @Test func aRankThatIsSlowForAWindowIsNamedWithItsHost() {
    let found = sentences(60) { _ in [1.0, 1.25, 1.02] }
    #expect(found.keys.sorted() == [Stragglers.window])
    #expect(found[Stragglers.window]?.hasPrefix("rank 1 on two computes 24 % longer") == true)
  }

  @Test func itIsNamedAgainOnlyAfterALongPause() {
    let found = sentences(Stragglers.window + Stragglers.pause) { _ in [1.0, 1.25, 1.0] }
    #expect(found.keys.sorted() == [Stragglers.window, Stragglers.window + Stragglers.pause])
  }

  @Test func aFewSlowStepsAndSmallDifferencesAreNothing() {
    #expect(sentences(100) { $0 % 3 == 0 ? [9.0, 1.0, 1.0] : [1.0, 1.0, 1.0] }.isEmpty)
    #expect(sentences(100) { _ in [1.0, 1.09, 1.0] }.isEmpty)
    #expect(sentences(Stragglers.window - 1) { _ in [1.0, 2.0, 1.0] }.isEmpty)
  }

  @Test func whoHasMoreLeavesMayTakeLonger() {
    #expect(sentences(60, leaves: [2, 1, 0]) { _ in [2.0, 1.0, 0.1] }.isEmpty)
    #expect(sentences(60, leaves: [2, 1, 0]) { _ in [2.0, 1.5, 0.1] }.count == 1)
    #expect(sentences(60, leaves: [2, 0, 0]) { _ in [2.0, 0.1, 0.1] }.isEmpty)
  }

  @Test func ofTwoRanksTheSlowerIsMeasuredByTheOther() throws {
    let slowest = try #require(Stragglers.slowest([[1, 3]], leaves: [1, 2]))
    #expect(slowest.rank == 1)
    #expect(slowest.share == 1.5)
    #expect(Stragglers.slowest([[1]], leaves: [4]) == nil)
  }
}

/// What is said of weights that differ, with made-up hashes.
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
        "step 41: rank 2 on three has other weights than the other ranks in b.weight, since an update "
          + "between 31 and 41."))
    #expect(text.contains("the last checkpoint is the one to go on from"))
    let exact = sentence([("b", [3, 2, 2])], hashes: [6, 5, 5], equalAfter: 40)
    #expect(
      exact.contains("rank 0 on one has other weights than the other ranks in b, since update 41."))
  }

  @Test func manyTensorsAreCounted() {
    let tensors = "abcde".map { (name: "\($0)", hashes: [1.0, 2.0, 2.0]) }
    #expect(sentence(tensors, hashes: [1, 2, 2]).contains("in a, b, c and 2 more tensors,"))
  }

  @Test func withoutAMajorityAllAreNamed() {
    let text = sentence([("a", [1, 2, 3])], hashes: [1, 2, 3])
    #expect(
      text.contains("rank 0 on one and rank 1 on two and rank 2 on three have different weights"))
    #expect(text.contains("cannot be told"))
    #expect(ReplicaCheck.minority([1, 2]) == nil)
    #expect(ReplicaCheck.minority([1, 1, 2, 2]) == nil)
    #expect(ReplicaCheck.minority([1, 2, 1, 1, 3]) == [1, 4])
    #expect(ReplicaCheck.minority([1, 1]) == [])
  }

  @Test func aDifferenceThatASecondLookDoesNotFindIsTold() {
    let text = sentence([("a", [1, 1, 1])], hashes: [1, 2, 1])
    #expect(text.contains("at a second look did not: rank 1 on two read them otherwise"))
  }
}
