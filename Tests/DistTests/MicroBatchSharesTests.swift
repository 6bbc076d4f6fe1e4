import Dist
import Testing

@Suite struct MicroBatchSharesTests {
  @Test(arguments: [0, 1, 2, 5, 6, 12], [1, 2, 3, 5]) func everyMicroBatchHasOneRank(
    count: Int, ranks: Int
  ) {
    let shares = MicroBatchShares(count: count, ranks: ranks)
    let all = (0..<ranks).map { shares[$0] }
    #expect(all.joined().sorted() == Array(0..<count))
    for rank in 0..<ranks {
      #expect(all[rank].allSatisfy { shares.rank(of: $0) == rank })
      #expect(all[rank] == all[rank].sorted())
    }
    #expect(shares.counts == all.map(\.count))
    #expect(shares.most == all.map(\.count).max())
    #expect(shares.areEqual == (Set(all.map(\.count)).count == 1))
  }

  /// The ordered sum relies on this: taken round by round, rank by rank, the micro-batches are in order.
  @Test func roundsOfTheRanksGoThroughThemInOrder() {
    let shares = MicroBatchShares(count: 12, ranks: 3)
    let rounds = (0..<4).flatMap { round in (0..<3).map { shares[$0][round] } }
    #expect(rounds == Array(0..<12))
  }
}
