import Dist
import Foundation
import Testing
import TestSupport

@Suite struct ThreadShareTests {
  @Test func equalMasksAreSharedWithTheRemainderForLowerRanks() {
    let mask = [0, 1, 2, 3, 4, 5, 6, 7]
    #expect(ThreadShare.counts(masks: [mask]) == [8])
    #expect(ThreadShare.counts(masks: [mask, mask, mask]) == [3, 3, 2])
    #expect(ThreadShare.counts(masks: [mask, mask, mask, mask]) == [2, 2, 2, 2])
  }

  @Test func everyRankHasAThreadWhereRanksOutnumberCPUs() {
    #expect(ThreadShare.counts(masks: [[0, 1], [0, 1], [0, 1]]) == [1, 1, 1])
    #expect(ThreadShare.counts(masks: [[]]) == [1])
  }

  @Test func disjointMasksAreKeptWhole() {
    #expect(ThreadShare.counts(masks: [[0, 1], [2, 3, 4]]) == [2, 3])
  }

  @Test func overlappingMasksShareOnlyWhatOverlaps() {
    #expect(ThreadShare.counts(masks: [[0, 1, 2, 3], [0, 1]]) == [2, 2])
    #expect(ThreadShare.counts(masks: [[0, 1, 2, 3, 4, 5, 6, 7], [0]]) == [7, 1])
    #expect(ThreadShare.counts(masks: [[0, 1], [1, 2], [2, 3]]).reduce(0, +) == 4)
  }

  @Test func aQuotaIsSharedLikeCPUs() {
    let mask = [0, 1, 2, 3, 4, 5, 6, 7]
    #expect(ThreadShare.counts(masks: [mask, mask], quota: 5) == [3, 2])
    #expect(ThreadShare.counts(masks: [[0, 1, 2, 3], [4, 5, 6, 7]], quota: 4) == [2, 2])
    #expect(ThreadShare.counts(masks: [mask], quota: 64) == [8])
  }

  @Test func listsOfCPUsAreRead() {
    #expect(Affinity.cpus(inList: "\t0-3,8,10-11") == [0, 1, 2, 3, 8, 10, 11])
    #expect(Affinity.cpus(inList: "5") == [5])
    #expect(Affinity.cpus(inList: "") == [])
    #expect(!Affinity.cpus().isEmpty)
  }

  @Test(
    arguments: [
      (["cpu.max": "250000 100000"], 2), (["cpu.max": "50000 100000"], 1),
      (["cpu.max": "max 100000"], nil), ([:], nil),
      (["cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"], nil),
      (["cpu.cfs_quota_us": "400000", "cpu.cfs_period_us": "100000"], 4),
    ] as [([String: String], Int?)])
  func quotasOfBothVersionsOfControlGroupsAreRead(files: [String: String], quota: Int?) throws {
    try withTemporaryFolder { folder in
      for (name, text) in files {
        try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
      #expect(Affinity.limit(inFolder: folder) == quota)
    }
  }
}
