import Console
import Data
import Files
import Foundation

/// What a run says of itself: `metrics.jsonl` and `anomalies.jsonl` in the run directory, and a progress bar on a terminal or plain lines elsewhere.
///
/// Rank 0's; nobody else has one.
final class RunLog {
  private let directory: RunDirectory
  private var folder: String { directory.path }
  private let file: AppendedFile
  private let settings: [String: String]
  private var settingsInForce: [String: String]?
  private var isRefused = false
  private let steps: Int
  private let terminal: Bool
  private let clock: ContinuousClock
  private var lastPrinted: ContinuousClock.Instant?
  private var secondsPerStep: Double?
  private let wallClock: () -> Date

  /// Opens `metrics.jsonl` in the run directory, which is locked, without the lines after `step`, from which the run goes on.
  ///
  /// - Parameters:
  ///   - settings: what the run is configured with from here on, beside its `config.yaml`
  ///   - terminal: whether standard error is one that shows progress bars
  ///   - wallClock: tells the time of every line
  init(
    _ directory: RunDirectory, resumingAt step: Int, settings: [String: String], steps: Int,
    terminal: Bool, clock: ContinuousClock, wallClock: @escaping () -> Date
  ) throws {
    self.directory = directory
    self.settings = settings
    self.steps = steps
    self.terminal = terminal
    self.clock = clock
    self.wallClock = wallClock
    file = try AppendedFile(MetricsFile.path(in: directory.path))
    try trim(after: step)
  }

  /// What was logged after the checkpoint of `step`, which the run goes back to, is measured again.
  func goBack(to step: Int) { attempt { try trim(after: step) } }

  /// Leaves only whole lines up to `step`, and says what the run is configured with from there on, where they do not.
  private func trim(after step: Int) throws {
    struct Line: Decodable {
      let step: Int
      let settings: [String: String]?
    }
    settingsInForce = nil
    try file.filter { text in
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(text.utf8)),
        line.step < step || line.step == step && line.settings == nil
      else { return false }
      settingsInForce = line.settings ?? settingsInForce
      return true
    }
    guard settingsInForce != settings else { return }
    try write(.settings(SettingsInForce(step: step, settings: settings)))
    settingsInForce = settings
  }

  /// Makes the run directory anew where somebody removed it, with all that was logged; only the checkpoints are gone.
  func putBack() throws {
    guard try directory.putBack(file) else { return }
    note(
      "\(folder) was removed during the run; it has been created again, but the checkpoints in it are lost"
    )
  }

  /// Appends that the run begins or resumes here.
  func start(_ start: RunStart) throws { try write(.start(start)) }

  /// What a step did.
  func step(_ done: StepOutcome) throws {
    try write(MetricsLine(done.record))
    secondsPerStep = secondsPerStep.map { 0.9 * $0 + 0.1 * done.times.all } ?? done.times.all
    let (step, loss, speed) =
      switch done.record {
      case .applied(let metrics):
        (metrics.step, "loss \(format(metrics.loss, 4))", metrics.tokensPerSecond)
      case .skipped(let metrics): (metrics.step, "skipped", 0.0)
      }
    let wait: Duration = terminal ? .milliseconds(200) : .seconds(10)
    let isDue = lastPrinted.map { $0.duration(to: clock.now) >= wait } ?? true
    guard isDue || step == steps else { return }
    lastPrinted = clock.now
    let bar = ProgressBar(
      step: step, steps: steps, loss: loss, tokensPerSecond: speed,
      secondsLeft: secondsPerStep! * Double(steps - step))
    if terminal {
      StandardError.show(bar: bar.text(columns: StandardError.columns), isLast: step == steps)
    } else {
      printError(bar.line)
    }
  }

  func evaluation(_ evaluation: Evaluation) throws {
    try write(.evaluation(evaluation))
    note("step \(evaluation.step)  \(evaluation.description)")
  }

  func checkpoint(_ metrics: CheckpointMetrics) throws { try write(.checkpoint(metrics)) }

  /// Appends to the run's `anomalies.jsonl`, which tells what happened, whatever the run goes back to.
  package func anomaly(_ anomaly: Anomaly) throws {
    let line = try JSONLine.text(anomaly)
    attempt { try AppendedFile(folder + "/anomalies.jsonl").append(line) }
  }

  /// A line on standard error that no progress bar overwrites.
  func note(_ text: String) { printError(text) }

  private func write(_ line: MetricsLine) throws {
    let line = try line.text(at: wallClock())
    attempt { try file.append(line) }
  }

  /// A full disk must not end a run that could go on: it is told of once, and the lines wait in memory.
  private func attempt(_ body: () throws -> Void) {
    do {
      try body()
      isRefused = false
    } catch {
      if !isRefused {
        note("\(error). The run continues and will write these lines as soon as it can")
      }
      isRefused = true
    }
  }
}
