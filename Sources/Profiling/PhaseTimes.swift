import Console
import Dist

/// The seconds spent in each phase of the steps so far, measured with the given clock.
package struct PhaseTimes {
  /// The phases of a step, and the phases between steps.
  package enum Phase: String, CaseIterable {
    case data, forward, backward, comparison, communication, clip, optimizer, evaluation, checkpoint

    /// True if only the main thread is in this phase, so that a trace shows it; the other phases consist of operations of the team.
    var isSpan: Bool {
      switch self {
      case .data, .comparison, .communication, .evaluation, .checkpoint: true
      case .forward, .backward, .clip, .optimizer: false
      }
    }
  }

  private(set) var seconds: [Phase: Double] = [:]
  private let clock: ContinuousClock
  private let recorder: OperationRecorder?
  private let progress: Progress?

  /// - Parameter progress: publishes the current phase
  package init(
    clock: ContinuousClock, recorder: OperationRecorder? = nil, progress: Progress? = nil
  ) {
    self.clock = clock
    self.recorder = recorder
    self.progress = progress
  }

  /// Runs `body` and adds its time to `phase`.
  package mutating func measure<Result>(_ phase: Phase, _ body: () throws -> Result) rethrows
    -> Result
  {
    let start = clock.now
    let result = try progress?.measure(phase.published, body) ?? body()
    seconds[phase, default: 0] += start.duration(to: clock.now).seconds
    recorder?.add(phase, from: start)
    return result
  }

  /// The seconds of some phases together.
  package func total(_ phases: [Phase]) -> Double { phases.reduce(0) { $0 + (seconds[$1] ?? 0) } }

  /// A table of the phases, longest first.
  package var table: String {
    let all = total(Phase.allCases)
    return Phase.allCases.filter { (seconds[$0] ?? 0) > 0 }
      .sorted { seconds[$0]! > seconds[$1]! }
      .map { phase in
        let name = phase.rawValue.padding(toLength: 14, withPad: " ", startingAt: 0)
        return name + format(seconds[phase]!, 3).leftPadded(10) + " s"
          + format(100 * seconds[phase]! / all, 1).leftPadded(7) + " %"
      }
      .joined(separator: "\n")
  }
}

extension PhaseTimes.Phase {
  /// The phase as the watchdog sees it.
  var published: Progress.Phase {
    let order = PhaseTimes.Phase.allCases.firstIndex(of: self) ?? 0
    return Progress.Phase(rawValue, order: order, waits: self == .communication)
  }
}
