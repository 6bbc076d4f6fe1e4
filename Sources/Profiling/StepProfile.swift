import Dist
import Kernels

/// The distribution of the time of measured steps, over all threads of all ranks.
package struct StepProfile {
  /// Tiles, floats written, and seconds of threads in each operation.
  private(set) var operations: [Operation: (calls: Double, outputs: Double, seconds: Double)] = [:]
  /// Seconds of main threads in phases that are not operations.
  private(set) var phases: [PhaseTimes.Phase: Double] = [:]
  /// The number of threads of all ranks, and their seconds in the steps.
  package let threads: Int
  let threadSeconds: Double
  /// The share of the steps' time, without communication, in which at most one thread of a rank was in a tile; nil with one thread.
  let oneThreadShare: Double?
  /// The share of the steps' time, without communication, in which no thread was in a tile: the main thread's work between operations.
  let serialShare: Double

  /// Sums the records of all ranks. Collective.
  package init(_ recorder: OperationRecorder, communicator: Communicator) throws {
    let phases: [PhaseTimes.Phase] = [.data, .communication]
    let overlap = Overlap(recorder)
    var values = [
      Double(recorder.lanes.count), Double(recorder.lanes.count) * recorder.wall.seconds,
      overlap.serial, overlap.oneThread, overlap.wall,
    ]
    values += phases.map { (recorder.phases[$0] ?? .zero).seconds }
    for operation in Operation.allCases {
      let totals = recorder.lanes.compactMap { $0.totals[operation] }
      values += [
        Double(totals.reduce(0) { $0 + $1.calls }), Double(totals.reduce(0) { $0 + $1.outputs }),
        totals.reduce(.zero) { $0 + $1.time }.seconds,
      ]
    }
    var sums = try communicator.allReduce(values, .sum)[...]
    threads = Int(sums.removeFirst())
    threadSeconds = sums.removeFirst()
    let (serial, oneThread) = (sums.removeFirst(), sums.removeFirst())
    let wall = sums.removeFirst()
    serialShare = wall > 0 ? serial / wall : 0
    let hasOthers = threads > communicator.size
    oneThreadShare = hasOthers && wall > 0 ? oneThread / wall : nil
    for phase in phases { self.phases[phase] = sums.removeFirst() }
    for operation in Operation.allCases {
      let (calls, outputs, seconds) = (sums.removeFirst(), sums.removeFirst(), sums.removeFirst())
      if calls > 0 { operations[operation] = (calls, outputs, seconds) }
    }
  }

  /// Seconds in which threads had no tile and, for main threads, were in no phase.
  var idleSeconds: Double {
    threadSeconds - operations.values.reduce(0) { $0 + $1.seconds }
      - phases.values.reduce(0, +)
  }

  /// The seconds in the recorder's recent steps by the number of threads that were in tiles at the same time.
  private struct Overlap {
    private(set) var serial = 0.0
    private(set) var oneThread = 0.0
    private(set) var wall = 0.0

    init(_ recorder: OperationRecorder) {
      for step in recorder.recentSteps {
        guard let end = step.end else { continue }
        var changes: [(time: ContinuousClock.Instant, threads: Int, communication: Int)] = [
          (step.begin, 0, 0), (end, 0, 0),
        ]
        for span in recorder.spans(of: step).joined() where span.begin < end {
          let isTile = if case .operation = span.name { 1 } else { 0 }
          let isCommunication = span.name == .phase(.communication) ? 1 : 0
          changes.append((span.begin, isTile, isCommunication))
          changes.append((min(span.end, end), -isTile, -isCommunication))
        }
        changes.sort { $0.time < $1.time }
        var (threads, communication) = (0, 0)
        for (change, next) in zip(changes, changes.dropFirst()) {
          threads += change.threads
          communication += change.communication
          let seconds = change.time.duration(to: next.time).seconds
          if communication == 0, threads == 0 { serial += seconds }
          if communication == 0, threads <= 1 { oneThread += seconds }
        }
        wall += step.begin.duration(to: end).seconds
      }
    }
  }
}
