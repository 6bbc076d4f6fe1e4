import Console
import Data
import Files
import Foundation

/// The log of a run: `metrics.jsonl` and `anomalies.jsonl` in the run directory, and a progress bar on a terminal or plain lines
/// elsewhere.
///
/// Only rank 0 has one.
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

  /// Opens `metrics.jsonl` in the locked run directory, and removes the lines after `step`, from which the run resumes.
  ///
  /// - Parameters:
  ///   - settings: the settings from here on that differ from `config.yaml`
  ///   - terminal: true if standard error is a terminal that shows progress bars
  ///   - wallClock: gives the time of every line
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

  /// Removes the lines after `step`, because the run goes back to the checkpoint of `step` and repeats the steps after it.
  func goBack(to step: Int) { attempt { try trim(after: step) } }

  /// Keeps only whole lines up to `step`, and appends the settings from there on if these lines do not state them.
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

  /// Creates the run directory again if somebody removed it, with everything that was logged; only the checkpoints are lost.
  func putBack() throws {
    guard try directory.putBack(file) else { return }
    note(
      "\(folder) was removed during the run; it has been created again, but the checkpoints in it are lost"
    )
  }

  /// Appends a line about the start of the run.
  func start(_ start: RunStart) throws { try write(.start(start)) }

  /// Appends the outcome of a step and updates the progress bar.
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

  /// Appends to `anomalies.jsonl`, which keeps every anomaly, also if the run goes back to a checkpoint.
  package func anomaly(_ anomaly: Anomaly) throws {
    let line = try JSONLine.text(anomaly)
    attempt { try AppendedFile(folder + "/anomalies.jsonl").append(line) }
  }

  /// Prints a line on standard error that no progress bar overwrites.
  func note(_ text: String) { printError(text) }

  private func write(_ line: MetricsLine) throws {
    let line = try line.text(at: wallClock())
    attempt { try file.append(line) }
  }

  /// Runs `body`. A full disk must not end a run that could continue: it is reported once, and the lines wait in memory.
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
