import Console
import Kernels
import Model

/// The step by operation: where the threads' time went, and how fast each operation was beside what the machine can do.
public struct ProfileTable: Sendable, Codable {
  /// An operation, or what a thread does when it has none. Rates are those of all threads of all ranks together.
  public struct Row: Sendable, Codable {
    /// The operation, or `data`, `communication`, `idle`.
    public let name: String
    /// Tiles in a step; nil for what has none.
    public let calls: Double?
    /// Seconds of threads in a step.
    public let threadSeconds: Double
    /// Of the threads' time; the rows add up to 1.
    public let share: Double
    /// Where it is matrix products: 10⁹ operations a second.
    public let gigaflopsPerSecond: Double?
    /// The same products alone.
    public let rooflineGigaflopsPerSecond: Double?
    /// Where it is memory traffic: 10⁹ bytes a second.
    public let gigabytesPerSecond: Double?
    /// A simple pass over memory.
    public let memoryGigabytesPerSecond: Double?

    /// The rate over the machine's.
    public var shareOfMachine: Double? {
      let pairs = [
        (gigaflopsPerSecond, rooflineGigaflopsPerSecond),
        (gigabytesPerSecond, memoryGigabytesPerSecond),
      ]
      return pairs.lazy.compactMap { rate, machine in
        rate.flatMap { rate in machine.map { rate / $0 } }
      }.first
    }
  }

  /// In the order of their time.
  public let rows: [Row]
  /// Steps that were measured.
  public let steps: Int
  /// See `StepProfile`.
  public let oneThreadShare: Double?
  /// See `StepProfile`.
  public let serialShare: Double

  /// What the machine can do, measured in the same run.
  package struct Machine {
    /// Seconds of a leaf's products alone, by operation, on every rank at once.
    let secondsOfLeaf: [Operation: Double]
    let ranks: Int
    /// Bytes a second.
    package let bandwidth: Double

    package init(secondsOfLeaf: [Operation: Double], ranks: Int, bandwidth: Double) {
      self.secondsOfLeaf = secondsOfLeaf
      self.ranks = ranks
      self.bandwidth = bandwidth
    }
  }

  /// - Parameters:
  ///   - leaves: of all measured steps and ranks
  ///   - machine: nil where it was not measured
  package init(
    _ profile: StepProfile, cost: OperationCost, leaves: Double, steps: Int,
    machine: Machine? = nil
  ) {
    self.steps = steps
    oneThreadShare = profile.oneThreadShare
    serialShare = profile.serialShare
    let perStep = 1 / Double(max(1, steps))
    func row(_ name: String, seconds: Double) -> Row {
      Row(
        name: name, calls: nil, threadSeconds: seconds * perStep,
        share: seconds / profile.threadSeconds, gigaflopsPerSecond: nil,
        rooflineGigaflopsPerSecond: nil, gigabytesPerSecond: nil, memoryGigabytesPerSecond: nil)
    }
    let operations = profile.operations.map { operation, total in
      let flops = leaves * cost.flops(operation)
      let bytes = cost.bytesPerOutput(operation) * total.outputs
      // As if all threads had done it at once.
      let seconds = total.seconds / Double(profile.threads) * 1e9
      let alone = machine?.secondsOfLeaf[operation]
      return Row(
        name: operation.rawValue, calls: total.calls * perStep,
        threadSeconds: total.seconds * perStep, share: total.seconds / profile.threadSeconds,
        gigaflopsPerSecond: flops > 0 ? flops / seconds : nil,
        rooflineGigaflopsPerSecond: alone.map {
          cost.flopsWithoutRecomputation(operation) * Double(machine?.ranks ?? 1) / $0 / 1e9
        },
        gigabytesPerSecond: bytes > 0 ? bytes / seconds : nil,
        memoryGigabytesPerSecond: bytes > 0 ? machine.map { $0.bandwidth / 1e9 } : nil)
    }
    let others = profile.phases.map { row($0.rawValue, seconds: $1) }
    rows =
      (operations + others + [row("idle", seconds: profile.idleSeconds)])
      .filter { $0.threadSeconds != 0 }.sorted { $0.threadSeconds > $1.threadSeconds }
  }

  /// Columns for people.
  public var description: String {
    func cell(_ value: Double?, _ digits: Int, _ width: Int) -> String {
      (value.map { format($0, digits) } ?? "").leftPadded(width)
    }
    let hasMachine = rows.contains { $0.shareOfMachine != nil }
    let head =
      "operation                 calls    seconds   share   GFLOP/s      GB/s"
      + (hasMachine ? "   machine   of it" : "")
    let lines = rows.map { row in
      row.name.rightPadded(21) + cell(row.calls, 0, 10)
        + cell(row.threadSeconds, 4, 11) + cell(100 * row.share, 2, 6) + " %"
        + cell(row.gigaflopsPerSecond, 1, 10) + cell(row.gigabytesPerSecond, 1, 10)
        + (hasMachine
          ? cell(row.rooflineGigaflopsPerSecond ?? row.memoryGigabytesPerSecond, 1, 10)
            + cell(row.shareOfMachine, 2, 8) : "")
    }
    let one = oneThreadShare.map { "one thread at work at most \(format(100 * $0, 2)) %, " } ?? ""
    return ([head] + lines).joined(separator: "\n")
      + "\nof the time of a step outside of communication: \(one)no operation under way "
      + "\(format(100 * serialShare, 2)) %"
  }
}
