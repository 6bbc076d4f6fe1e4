import Foundation
import Kernels
import Synchronization
import Testing

struct ThreadTeamTests {
  @Test(arguments: [1, 2, 3], [0, 1, 2, 100])
  func everyTileRunsOnceByAWorkerOfItsOwn(_ size: Int, _ tiles: Int) {
    let runs = Mutex([Int](repeating: 0, count: tiles))
    let busy = Mutex([Bool](repeating: false, count: size))
    let shared = Mutex(false)
    ThreadTeam(size: size).perform(tiles) { tile, worker in
      busy.withLock { busy in
        if busy[worker] { shared.withLock { $0 = true } }
        busy[worker] = true
      }
      runs.withLock { $0[tile] += 1 }
      busy.withLock { $0[worker] = false }
    }
    #expect(runs.withLock { $0 } == [Int](repeating: 1, count: tiles))
    #expect(shared.withLock { !$0 })
  }

  /// After every tile of the caller's, by the caller alone, and not any more afterwards.
  @Test(arguments: [1, 2, 3]) func theCallerPollsAfterItsTiles(_ size: Int) {
    let team = ThreadTeam(size: size)
    let polls = Mutex([pthread_t]())
    let own = Mutex(0)
    let result = team.polling({ polls.withLock { $0.append(pthread_self()) } }) {
      for _ in 0..<20 {
        team.perform(30) { _, worker in if worker == 0 { own.withLock { $0 += 1 } } }
      }
      return 7
    }
    #expect(result == 7)
    let (count, tiles) = (polls.withLock { $0.count }, own.withLock { $0 })
    #expect(tiles > 0 && count >= tiles)
    #expect(polls.withLock { $0.allSatisfy { pthread_equal($0, pthread_self()) != 0 } })
    team.perform(30) { _, _ in }
    #expect(polls.withLock { $0.count } == count)
  }

  /// The other thread is busy until the caller, which has nothing left to do, has polled.
  @Test func theCallerPollsWhileItWaits() {
    let team = ThreadTeam(size: 2)
    let begun = Atomic(false)
    let polls = Atomic(0)
    team.polling({ polls.add(1, ordering: .relaxed) }) {
      for _ in 0..<3 {
        begun.store(false, ordering: .relaxed)
        team.perform(2) { _, worker in
          if worker == 0 {
            while !begun.load(ordering: .relaxed) { sched_yield() }
            return
          }
          begun.store(true, ordering: .relaxed)
          let before = polls.load(ordering: .relaxed)
          // One poll follows the caller's own tile; these can only come from its waiting, asleep in the end.
          let start = ContinuousClock.now
          while polls.load(ordering: .relaxed) < before + 100,
            start.duration(to: .now) < .seconds(20)
          {
            sched_yield()
          }
        }
        #expect(polls.load(ordering: .relaxed) >= 100)
        polls.store(0, ordering: .relaxed)
      }
    }
  }

  @Test(arguments: [0, 1, 63, 64, 65, 200]) func tilesOfRowsCoverAllRowsInOrder(_ count: Int) {
    let ranges = Mutex([Range<Int>]())
    ThreadTeam(size: 2).rows(count, height: 64) { rows, _ in ranges.withLock { $0.append(rows) } }
    let cut = ranges.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
    #expect(cut.flatMap { Array($0) } == Array(0..<count))
    #expect(cut.dropLast().allSatisfy { $0.count == 64 })
  }
}
