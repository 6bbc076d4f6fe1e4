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

  @Test(arguments: [0, 1, 63, 64, 65, 200]) func tilesOfRowsCoverAllRowsInOrder(_ count: Int) {
    let ranges = Mutex([Range<Int>]())
    ThreadTeam(size: 2).rows(count, height: 64) { rows, _ in ranges.withLock { $0.append(rows) } }
    let cut = ranges.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
    #expect(cut.flatMap { Array($0) } == Array(0..<count))
    #expect(cut.dropLast().allSatisfy { $0.count == 64 })
  }
}
