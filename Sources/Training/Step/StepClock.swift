import Console
import Data
import Dist
import Profiling
import Tokenization

/// The times of a trainer's steps: by phase, of the current step, and since the last exchange between the ranks.
final class StepClock {
  private var times: PhaseTimes
  private let recorder: OperationRecorder?
  private let progress: Progress
  private let reducer: any GradientReducer
  /// The times at the beginning of the current step.
  private var begin: (times: PhaseTimes, overlap: OverlapTimes?)
  /// Seconds of computing before the last exchange.
  private var exchanged = 0.0

  /// The phases in which a rank does not wait for other ranks.
  private static let compute: [PhaseTimes.Phase] = [
    .data, .forward, .backward, .comparison, .clip, .optimizer,
  ]

  /// - Parameters:
  ///   - recorder: records steps, phases and buckets; nil for none
  ///   - progress: publishes step and phase for the watchdog
  ///   - reducer: has the times of overlapping communication
  init(
    _ clock: ContinuousClock, recorder: OperationRecorder?, progress: Progress,
    reducer: any GradientReducer
  ) {
    times = PhaseTimes(clock: clock, recorder: recorder, progress: progress)
    (self.recorder, self.progress, self.reducer) = (recorder, progress, reducer)
    begin = (times, reducer.overlapTimes)
  }

  /// Runs `body` as a step.
  func measure<Result>(step: Int, _ body: () throws -> Result) rethrows -> Result {
    begin = (times, reducer.overlapTimes)
    guard let recorder else {
      progress.begin(step: step)
      return try body()
    }
    return try recorder.measure(step: step) {
      progress.begin(step: step)
      return try body()
    }
  }

  /// Runs `body` and adds its time to a phase; phases cannot be nested.
  func measure<Result>(_ phase: PhaseTimes.Phase, _ body: () throws -> Result) rethrows -> Result {
    try times.measure(phase, body)
  }

  /// Records the buckets of the step, which have been summed.
  func recordBuckets() {
    if reducer.overlapsBackward { recorder?.add(reducer.bucketSpans) }
  }

  /// The seconds that this rank computed since the last call, including the previous step's clipping and optimizer, which came after it.
  func secondsSinceExchange() -> Double {
    let now = times.total(Self.compute)
    defer { exchanged = now }
    return now - exchanged
  }

  /// The times of the current step so far.
  var step: StepTimes {
    func seconds(_ phases: [PhaseTimes.Phase]) -> Double {
      times.total(phases) - begin.times.total(phases)
    }
    return StepTimes(
      compute: seconds(Self.compute), communication: seconds([.communication]),
      overlap: reducer.overlapTimes.map { $0 - (begin.overlap ?? OverlapTimes()) })
  }

  /// A table of all phases so far.
  var table: String {
    times.table
      + (reducer.overlapTimes.map {
        "\nof backward, \(format($0.hidden, 3)) s overlapped communication, and \(format($0.polling, 3)) s were spent in MPI"
      } ?? "")
  }
}

/// The times of a step on this rank, in seconds.
struct StepTimes {
  /// The time in which the rank did not wait for other ranks.
  var compute = 0.0
  /// The time that the step waited for communication, without computing.
  var communication = 0.0
  /// The times of communication during backward, part of `compute`; nil if nothing overlaps.
  var overlap: OverlapTimes?

  /// The whole step.
  var all: Double { compute + communication }
}
