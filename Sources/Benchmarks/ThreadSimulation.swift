import Console
import Kernels
import Profiling

/// The time that a training step would take with other numbers of threads, from the measured times of its tiles.
///
/// Each region is scheduled as a team does it: a thread that is free takes the next tile (list scheduling, Graham 1969), and the next region
/// waits for all tiles. A tile is taken to need the same time on every number of threads, so neither shared caches nor the bandwidth of
/// memory are simulated: on one socket, operations that wait for memory will be slower than this.
package struct ThreadSimulation {
  let step: StepRegions
  private let measuredThreads: Int
  let handOutSeconds: Double

  /// - Parameters:
  ///   - threads: the number of threads with which the step was measured
  ///   - handOutSeconds: what each further thread adds to a region, in seconds
  package init(_ step: StepRegions, threads: Int, handOutSeconds: Double) {
    self.step = step
    measuredThreads = threads
    self.handOutSeconds = handOutSeconds
  }

  /// Seconds of the step on `threads` threads.
  package func seconds(threads: Int) -> Double {
    let handOut = Double(step.regions.count * (threads - measuredThreads)) * handOutSeconds
    return step.regions.reduce(max(0, step.serialSeconds + handOut)) {
      $0 + ThreadSimulation.makespan($1.seconds, threads: threads)
    }
  }

  /// One thread's time divided by the time of all threads together: 1 if `threads` threads are `threads` times as fast as one.
  package func efficiency(threads: Int) -> Double {
    seconds(threads: 1) / (Double(threads) * seconds(threads: threads))
  }

  /// The share of all threads' time in which threads wait for the others at the end of the regions that begin with an operation; the
  /// largest first.
  package func waiting(threads: Int) -> [(operation: Operation, share: Double)] {
    var seconds: [Operation: Double] = [:]
    for region in step.regions {
      let span = ThreadSimulation.makespan(region.seconds, threads: threads)
      seconds[region.operation, default: 0] += Double(threads) * span - region.seconds.reduce(0, +)
    }
    let all = Double(threads) * self.seconds(threads: threads)
    return seconds.map { ($0.key, $0.value / all) }.sorted { $0.1 > $1.1 }
  }

  /// Seconds from the first beginning to the last end of tiles that free threads take in their order.
  package static func makespan(_ tiles: [Double], threads: Int) -> Double {
    precondition(threads > 0, "tiles for \(threads) threads")
    var busyUntil = [Double](repeating: 0, count: min(threads, max(1, tiles.count)))
    for tile in tiles {
      let free = busyUntil.indices.min { busyUntil[$0] < busyUntil[$1] }!
      busyUntil[free] += tile
    }
    return busyUntil.max()!
  }

  /// What a further thread adds to the time of a region, in seconds.
  ///
  /// With two threads, an empty region takes two messages between cores longer than with one: the second thread sees the work, and the first
  /// one that it is done. All threads see the work at once, but they announce their ends one after the other, since they change one number. So a
  /// thread adds one message. The least of many measurements, since other programs only ever add to it.
  static func handOutSeconds(clock: ContinuousClock) -> Double {
    let regions = 200
    func seconds(_ team: ThreadTeam) -> Double {
      let rounds = (0..<50).map { _ in
        let start = clock.now
        for _ in 0..<regions { team.perform(2) { _, _ in } }
        return start.duration(to: clock.now).seconds / Double(regions)
      }
      return rounds.min()!
    }
    return max(0, seconds(ThreadTeam(size: 2)) - seconds(ThreadTeam(size: 1))) / 2
  }
}

/// A step simulated on other numbers of threads.
public struct SimulatedStep: Sendable, Codable {
  /// The parallel regions of the step.
  public let regions: Int
  /// Seconds of the step in which no thread is in a tile.
  public let serialSeconds: Double
  /// Seconds that each further thread adds to a region.
  public let handOutSeconds: Double
  /// The step by number of threads.
  public let threads: [SimulatedThreads]

  init(_ simulation: ThreadSimulation, threads: [Int]) {
    regions = simulation.step.regions.count
    serialSeconds = simulation.step.serialSeconds
    handOutSeconds = simulation.handOutSeconds
    self.threads = threads.map { SimulatedThreads(simulation, threads: $0) }
  }

  /// A line for each number of threads.
  var description: String {
    let lines = threads.map { step in
      let waiting = step.waiting.sorted { $0.value > $1.value }
        .map { "\($0.key) \(format(100 * $0.value, 1)) %" }.joined(separator: ", ")
      return
        "simulated       \(format(step.secondsPerStep, 4)) s with \(step.threads) thread\(step.threads == 1 ? "" : "s"), "
        + "\(format(step.efficiency, 3)) of linear; waiting: \(waiting)\n"
    }
    return
      "regions         \(regions), with \(format(serialSeconds, 4)) s between their tiles; "
      + "a further thread adds \(format(1e6 * handOutSeconds, 2)) µs to each\n" + lines.joined()
  }
}

/// A step on a simulated number of threads.
public struct SimulatedThreads: Sendable, Codable {
  /// The number of threads of the rank.
  public let threads: Int
  /// The time of the step.
  public let secondsPerStep: Double
  /// The speed divided by that of so many threads that lose nothing; 1 at one thread.
  public let efficiency: Double
  /// The share of the threads' time in which they wait, by the operation that a region begins with: the largest three.
  public let waiting: [String: Double]

  init(_ simulation: ThreadSimulation, threads: Int) {
    self.threads = threads
    secondsPerStep = simulation.seconds(threads: threads)
    efficiency = simulation.efficiency(threads: threads)
    waiting = Dictionary(
      uniqueKeysWithValues: simulation.waiting(threads: threads).prefix(3)
        .map { ($0.operation.rawValue, $0.share) })
  }
}
