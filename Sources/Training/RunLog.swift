import Files
import Foundation

/// What a run says of itself: `metrics.jsonl` and `anomalies.jsonl` in the run directory, and a progress bar on a terminal or plain lines elsewhere.
///
/// Rank 0's; nobody else has one.
final class RunLog {
  /// One optimizer update, as it stands in `metrics.jsonl`.
  struct StepMetrics: Codable {
    /// From 1.
    let step: Int
    /// Mean over the targets of the step, in nats; in fine-tuning over its examples, with the language model's part.
    let loss: Double
    /// In fine-tuning, the mean over the examples of the task's own loss, in nats.
    let taskLoss: Double?
    let learningRate: Double
    /// Before clipping.
    let gradientNorm: Double
    /// Targets seen since the beginning of the run.
    let tokens: Int
    let tokensPerSecond: Double
    let secondsCompute: Double
    /// What the step waited for: communication that nothing was computed beside.
    let secondsCommunication: Double
    /// Of backward, in which communication went on beside it, with `--reduce overlapped`.
    let secondsHidden: Double?
    /// Of them, what the computing thread gave to MPI; part of `secondsCompute`.
    let secondsPolling: Double?
    /// Over the ranks, each for itself, up to the exchange of this step.
    let secondsComputeMin: Double
    let secondsComputeMedian: Double
    let secondsComputeMax: Double
    let slowestRank: Int
    /// The ranks that computed it, on which the order of its sums depends without `--reduce ordered`; runs of older programs do not
    /// say.
    let ranks: Int?
    /// Of the weights after the update, with `--reduce ordered`: XXH3-128 of the flat vector.
    let weightsHash: String?
    /// true where the update was not applied.
    var skipped: Bool? = nil
  }

  /// A checkpoint that has been written.
  struct CheckpointMetrics: Codable {
    let step: Int
    /// Its folder, in the run directory.
    let checkpoint: String
    /// For which the training stood still.
    let secondsPaused: Double
    /// From then on until it was committed.
    let secondsWritten: Double
  }

  /// From the step after `step` on, what the run was configured with beside its `config.yaml`: keys that decide on figures.
  struct Settings: Codable {
    let step: Int
    let settings: [String: String]
  }

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
  private let encoder = JSONEncoder()

  /// Opens `metrics.jsonl` in the run directory, which is locked, without the lines after `step`, from which the run goes on.
  ///
  /// - Parameters:
  ///   - settings: what the run is configured with from here on, beside its `config.yaml`
  ///   - terminal: whether standard error is one that shows progress bars
  init(
    _ directory: RunDirectory, resumingAt step: Int, settings: [String: String], steps: Int,
    terminal: Bool, clock: ContinuousClock
  ) throws {
    self.directory = directory
    self.settings = settings
    self.steps = steps
    self.terminal = terminal
    self.clock = clock
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let no = RunLog.noNumber
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: no, negativeInfinity: no, nan: no)
    file = try AppendedFile(directory.path + "/metrics.jsonl")
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
    try write(Settings(step: step, settings: settings))
    settingsInForce = settings
  }

  /// Makes the run directory anew where somebody removed it, with all that was logged; only the checkpoints are gone.
  func putBack() throws {
    guard try directory.putBack(file) else { return }
    note(
      "\(folder) was removed during the run; it has been created again, but the checkpoints in it are lost"
    )
  }

  /// The last measurement in a run's `metrics.jsonl`; nil where there is none.
  static func lastEvaluation(folder: String) -> Evaluation? {
    evaluations(folder).first { $0.validationLoss != nil || $0.zeroShot != nil }
  }

  /// The first of the measurements in a run's `metrics.jsonl` with the highest score; nil where there is none.
  static func bestEvaluation(folder: String) -> Evaluation? {
    evaluations(folder).reduce(nil) { best, next in
      guard let score = next.score else { return best }
      return best?.score.map { $0.isBetter(than: score) } == true ? best : next
    }
  }

  /// The lines of `metrics.jsonl` as measurements, last first.
  private static func evaluations(_ folder: String) -> some Sequence<Evaluation> {
    // A run that begins in a new folder from another's last checkpoint has none.
    let path = folder + "/metrics.jsonl"
    let bytes = Path.exists(path) ? (try? FileReader.bytes(of: path)) ?? [] : []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").reversed().lazy.compactMap
    {
      try? JSONDecoder().decode(Evaluation.self, from: Data($0.utf8))
    }
  }

  func step(_ metrics: StepMetrics) throws {
    try write(metrics)
    let seconds = metrics.secondsCompute + metrics.secondsCommunication
    secondsPerStep = secondsPerStep.map { 0.9 * $0 + 0.1 * seconds } ?? seconds
    let wait: Duration = terminal ? .milliseconds(200) : .seconds(10)
    let isDue = lastPrinted.map { $0.duration(to: clock.now) >= wait } ?? true
    guard isDue || metrics.step == steps else { return }
    lastPrinted = clock.now
    let loss = metrics.skipped == true ? "skipped" : "loss \(format(metrics.loss, 4))"
    let bar = ProgressBar(
      step: metrics.step, steps: steps, loss: loss, tokensPerSecond: metrics.tokensPerSecond,
      secondsLeft: secondsPerStep! * Double(steps - metrics.step))
    if terminal {
      StandardError.show(
        bar: bar.text(columns: StandardError.columns), isLast: metrics.step == steps)
    } else {
      printError(bar.line + "\n")
    }
  }

  func evaluation(_ evaluation: Evaluation) throws {
    try write(evaluation)
    note("step \(evaluation.step)  \(evaluation.description)")
  }

  func checkpoint(_ metrics: CheckpointMetrics) throws { try write(metrics) }

  /// Appends to the run's `anomalies.jsonl`, which tells what happened, whatever the run goes back to.
  func anomaly(_ anomaly: Anomaly) throws {
    let line = try line(anomaly)
    attempt { try AppendedFile(folder + "/anomalies.jsonl").append(line) }
  }

  /// A line on standard error that no progress bar overwrites.
  func note(_ text: String) { printError(text + "\n") }

  private func write(_ metrics: some Encodable) throws {
    let line = try line(metrics)
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

  /// NaN and infinity are no numbers in JSON: null.
  private func line(_ value: some Encodable) throws -> String {
    String(decoding: try encoder.encode(value), as: UTF8.self)
      .replacing("\"\(RunLog.noNumber)\"", with: "null")
  }

  /// What no other text of a line is.
  private static let noNumber = "(not a number)"
}

/// Writes text to standard error as it stands.
func printError(_ text: String) { StandardError.write(text) }
