import Files
import Foundation

/// What a run says of itself: `metrics.jsonl` in the run directory, and a progress bar on a terminal or plain lines elsewhere.
///
/// Rank 0's; nobody else has one.
final class RunLog {
  /// One optimizer update, as it stands in `metrics.jsonl`.
  struct StepMetrics: Codable {
    /// From 1.
    let step: Int
    /// Mean over the targets of the step, in nats.
    let loss: Double
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
  }

  /// A measurement of the validation loss.
  struct ValidationMetrics: Codable {
    let step: Int
    /// Mean over the targets, in nats.
    let validationLoss: Double
  }

  private let lock: FolderLock
  private let file: FileHandle
  private let path: String
  private let steps: Int
  private let terminal: Bool
  private let clock: ContinuousClock
  private var lastPrinted: ContinuousClock.Instant?
  private var secondsPerStep: Double?
  private let encoder = JSONEncoder()

  /// Locks the run directory against other runs and opens `metrics.jsonl`, without the lines after `step`, from which the run goes on.
  ///
  /// - Parameter terminal: whether standard error is one
  init(folder: String, resumingAt step: Int, steps: Int, terminal: Bool, clock: ContinuousClock)
    throws
  {
    lock = try FolderLock(folder)
    path = folder + "/metrics.jsonl"
    self.steps = steps
    self.terminal = terminal
    self.clock = clock
    encoder.outputFormatting = [.sortedKeys]
    try RunLog.trim(path, after: step)
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw InputError("cannot be written to", path: path)
    }
    self.file = file
    try file.seekToEnd()
  }

  /// Leaves only whole lines up to `step`: what a killed run logged after its last checkpoint is measured again.
  private static func trim(_ path: String, after step: Int) throws {
    struct Line: Decodable { let step: Int }
    let text = (FileManager.default.contents(atPath: path)).map {
      String(decoding: $0, as: UTF8.self)
    }
    let kept = (text ?? "").split(separator: "\n").filter { line in
      (try? JSONDecoder().decode(Line.self, from: Data(line.utf8))).map { $0.step <= step } ?? false
    }
    let trimmed = kept.map { $0 + "\n" }.joined()
    if trimmed == text { return }
    do {
      try Data(trimmed.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch { throw InputError("cannot be written: \(error.localizedDescription)", path: path) }
  }

  /// The last validation loss in a run's `metrics.jsonl`; nil where there is none.
  static func lastValidationLoss(folder: String) -> Double? {
    // A run that begins in a new folder from another's last checkpoint has none.
    guard let data = FileManager.default.contents(atPath: folder + "/metrics.jsonl") else {
      return nil
    }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").reversed().lazy.compactMap {
      try? JSONDecoder().decode(ValidationMetrics.self, from: Data($0.utf8)).validationLoss
    }.first
  }

  func step(_ metrics: StepMetrics) throws {
    try write(metrics)
    let seconds = metrics.secondsCompute + metrics.secondsCommunication
    secondsPerStep = secondsPerStep.map { 0.9 * $0 + 0.1 * seconds } ?? seconds
    let wait: Duration = terminal ? .milliseconds(200) : .seconds(10)
    let isDue = lastPrinted.map { $0.duration(to: clock.now) >= wait } ?? true
    guard isDue || metrics.step == steps else { return }
    lastPrinted = clock.now
    let line =
      "step \(metrics.step)/\(steps)  loss \(format(metrics.loss, 4))  "
      + "\(format(metrics.tokensPerSecond, 0)) tokens/s  "
      + "\(duration(secondsPerStep! * Double(steps - metrics.step))) left"
    if terminal {
      let width = 24
      let filled = width * metrics.step / steps
      let bar =
        String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
      printError("\r[\(bar)] \(line)\u{1b}[K" + (metrics.step == steps ? "\n" : ""))
    } else {
      printError(line + "\n")
    }
  }

  func validation(_ metrics: ValidationMetrics) throws {
    try write(metrics)
    note("step \(metrics.step)  validation loss \(format(metrics.validationLoss, 4))")
  }

  /// A line on standard error that no progress bar overwrites.
  func note(_ text: String) { printError((terminal ? "\r\u{1b}[K" : "") + text + "\n") }

  private func write(_ line: some Encodable) throws {
    do {
      try file.write(contentsOf: try encoder.encode(line) + Data("\n".utf8))
    } catch {
      throw InputError("cannot be written: \(error.localizedDescription)", path: path)
    }
  }
}

/// Writes text to standard error as it stands.
func printError(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
