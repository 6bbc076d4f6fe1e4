import Console
import Kernels
import Model

/// The time of a step by operation: the threads' time in each, and its speed compared with what the machine can do.
public struct ProfileTable: Sendable, Codable {
  /// An operation, or a state of a thread without an operation. Rates are the sums over all threads of all ranks.
  public struct Row: Sendable, Codable {
    /// The name of the operation, or `data`, `communication`, `idle`.
    public let name: String
    /// Tiles per step; nil for a row without tiles.
    public let calls: Double?
    /// Seconds of threads per step.
    public let threadSeconds: Double
    /// The share of the threads' time; the rows add up to 1.
    public let share: Double
    /// For matrix products: 10⁹ floating-point operations per second.
    public let gigaflopsPerSecond: Double?
    /// The same rate, measured with these products alone.
    public let rooflineGigaflopsPerSecond: Double?
    /// For operations limited by memory: 10⁹ bytes per second.
    public let gigabytesPerSecond: Double?
    /// The same rate, measured with a simple pass over memory.
    public let memoryGigabytesPerSecond: Double?

    /// The rate divided by the machine's rate.
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

  /// The rows, longest time first.
  public let rows: [Row]
  /// The number of measured steps.
  public let steps: Int
  /// See `StepProfile.oneThreadShare`.
  public let oneThreadShare: Double?
  /// See `StepProfile.serialShare`.
  public let serialShare: Double

  /// The rates that the machine can reach, measured in the same run.
  package struct Machine {
    /// Seconds of the products of a micro-batch alone, by operation, on every rank at once.
    let secondsOfMicroBatch: [Operation: Double]
    let ranks: Int
    /// Memory bandwidth in bytes per second.
    package let bandwidth: Double

    package init(secondsOfMicroBatch: [Operation: Double], ranks: Int, bandwidth: Double) {
      self.secondsOfMicroBatch = secondsOfMicroBatch
      self.ranks = ranks
      self.bandwidth = bandwidth
    }
  }

  /// - Parameters:
  ///   - microBatches: the micro-batches of all measured steps and ranks
  ///   - machine: nil if it was not measured
  package init(
    _ profile: StepProfile, cost: OperationCost, microBatches: Double, steps: Int,
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
      let flops = microBatches * cost.flops(operation)
      let bytes = cost.bytesPerOutput(operation) * total.outputs
      // The time that the operation would have taken if all threads had worked on it at once.
      let seconds = total.seconds / Double(profile.threads) * 1e9
      let alone = machine?.secondsOfMicroBatch[operation]
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

  /// The table for people.
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
