import Console
import Data
import Dist
import Profiling
import Tokenization

/// The times of a trainer's steps: by phase, of the step under way, and since the ranks last told each other.
final class StepClock {
  private var times: PhaseTimes
  private let recorder: OperationRecorder?
  private let progress: Progress
  private let reducer: any GradientReducer
  /// When the step under way began.
  private var begin: (times: PhaseTimes, overlap: OverlapTimes?)
  /// Seconds of computing before the last exchange.
  private var exchanged = 0.0

  /// The phases in which a rank waits for nobody.
  private static let compute: [PhaseTimes.Phase] = [
    .data, .forward, .backward, .comparison, .clip, .optimizer,
  ]

  /// - Parameters:
  ///   - recorder: is told of steps, phases and buckets; nil for none
  ///   - progress: where step and phase are published for the watchdog
  ///   - reducer: knows what overlaps
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

  /// Runs `body` and counts its time as that of a phase; phases are not nested.
  func measure<Result>(_ phase: PhaseTimes.Phase, _ body: () throws -> Result) rethrows -> Result {
    try times.measure(phase, body)
  }

  /// Records the buckets of the step, which are summed.
  func recordBuckets() {
    if reducer.overlapsBackward { recorder?.add(reducer.bucketSpans) }
  }

  /// This rank's seconds of computing since the last call: with the last step's clipping and optimizer, which came after it.
  func secondsSinceExchange() -> Double {
    let now = times.total(Self.compute)
    defer { exchanged = now }
    return now - exchanged
  }

  /// The step under way, so far.
  var step: StepTimes {
    func seconds(_ phases: [PhaseTimes.Phase]) -> Double {
      times.total(phases) - begin.times.total(phases)
    }
    return StepTimes(
      compute: seconds(Self.compute), communication: seconds([.communication]),
      overlap: reducer.overlapTimes.map { $0 - (begin.overlap ?? OverlapTimes()) })
  }

  /// All phases so far, as a table for people.
  var table: String {
    times.table
      + (reducer.overlapTimes.map {
        "\nof backward, \(format($0.hidden, 3)) s went beside communication, and \(format($0.polling, 3)) s went to MPI"
      } ?? "")
  }
}

/// Where a step's time went on this rank, in seconds.
struct StepTimes {
  /// In which the rank waited for nobody.
  var compute = 0.0
  /// That the step waited for: communication that nothing was computed beside.
  var communication = 0.0
  /// Communication beside backward, which is part of `compute`; nil where nothing overlaps.
  var overlap: OverlapTimes?

  /// The whole step.
  var all: Double { compute + communication }
}
