import Benchmarks
import Buffers
import Kernels
import Profiling
import Testing

struct ThreadSimulationTests {
  /// Worked out by hand: the thread that is free first takes the next tile.
  private static let schedules: [(tiles: [Double], threads: Int, seconds: Double)] = [
    ([], 3, 0), ([5], 4, 5), ([1, 1, 1, 1], 2, 2), ([1, 1, 1, 1, 1], 2, 3), ([3, 1, 1, 1], 2, 3),
    ([1, 1, 1, 3], 2, 4), ([4, 3, 2, 1], 1, 10), ([2, 2, 3], 2, 5),
  ]

  @Test(arguments: schedules)
  func freeThreadsTakeTheNextTile(_ tiles: [Double], _ threads: Int, _ seconds: Double) {
    #expect(ThreadSimulation.makespan(tiles, threads: threads) == seconds)
  }

  private static let step = StepRegions(
    regions: [
      .init(operation: .mlpInput, seconds: [1, 1, 1, 1]),
      .init(operation: .norm1, seconds: [2, 2]),
      .init(operation: .mlpInput, seconds: [3]),
    ], serialSeconds: 0.5)

  @Test func regionsWaitForAllTheirTiles() {
    let simulation = ThreadSimulation(Self.step, threads: 1, handOutSeconds: 0)
    #expect(simulation.seconds(threads: 1) == 11.5)
    #expect(simulation.seconds(threads: 2) == 7.5)
    #expect(simulation.seconds(threads: 4) == 6.5)
    #expect(simulation.efficiency(threads: 4) == 11.5 / 26)
    let waiting = simulation.waiting(threads: 4)
    #expect(waiting.map(\.operation) == [.mlpInput, .norm1])
    let shares: [Double] = [9 / 26, 4 / 26]
    #expect(waiting.map(\.share) == shares)
  }

  @Test func handingOutCostsTimeForEveryThread() {
    let simulation = ThreadSimulation(Self.step, threads: 2, handOutSeconds: 0.1)
    // Three regions, each 0.1 s longer for every thread more.
    let expected = [1: 11.2, 2: 7.5, 4: 7.1]
    for (threads, seconds) in expected {
      let difference = simulation.seconds(threads: threads) - seconds
      #expect(abs(difference) < 1e-12)
    }
  }

  /// Three steps of two regions; a tile that belongs to two operations is one tile.
  @Test(arguments: [1, 2]) func theRecorderKnowsRegionsAndTiles(_ threads: Int) throws {
    let recorder = OperationRecorder(threads: threads, spansPerThread: 100, clock: .continuous)
    let team = ThreadTeam(size: threads, observer: recorder)
    let output = FloatBuffer(1).matrix(rows: 1, columns: 1)
    func region(_ tiles: Int, _ operations: Kernels.Operation...) {
      team.perform(tiles) { _, worker in
        for operation in operations {
          recorder.finished(operation, layer: 0, worker: worker, output: output, firstRow: 0)
        }
      }
    }
    region(9, .embedding)
    for step in 1...3 {
      recorder.measure(step: step) {
        region(5, .mlpInput)
        region(3, .norm1, .norm2)
      }
    }
    let regions = try #require(StepRegions(recorder)).regions
    #expect(regions.map(\.operation) == [.mlpInput, .norm1])
    #expect(regions.map(\.seconds.count) == [5, 3])
    #expect(regions.allSatisfy { $0.seconds.allSatisfy { $0 >= 0 } })
  }

  @Test func aStepThatWasNotKeptHasNoRegions() {
    let recorder = OperationRecorder(threads: 1, spansPerThread: 4, clock: .continuous)
    let team = ThreadTeam(size: 1, observer: recorder)
    let output = FloatBuffer(1).matrix(rows: 1, columns: 1)
    recorder.measure(step: 1) {
      team.perform(5) { _, worker in
        recorder.finished(.norm1, layer: 0, worker: worker, output: output, firstRow: 0)
      }
    }
    #expect(StepRegions(recorder) == nil)
  }
}
