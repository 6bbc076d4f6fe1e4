import Buffers
import Dist
import Foundation

/// A program that every rank runs: `RankScenarios SCENARIO…`. It exits with 0 where every check of the
/// scenarios holds; else it prints which did not.
@main struct Program {
  static func main() {
    let names = CommandLine.arguments.dropFirst()
    let scenarios = names.compactMap { Scenario(rawValue: $0) }
    guard !scenarios.isEmpty, scenarios.count == names.count else {
      print("usage: RankScenarios \(Scenario.allCases.map(\.rawValue).joined(separator: "|"))…")
      exit(64)
    }
    let signals = StopSignals()
    exit(
      MPI.run(status: { ($0 as? Refusal)?.status ?? 1 }) { communicator in
        // Not `print`: what is buffered when the job is aborted is lost.
        func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
        say("pid \(getpid())")
        var status: Int32 = 0
        for scenario in scenarios {
          status = max(status, try scenario.run(communicator, signals))
          say("done \(scenario)")
        }
        return status
      })
  }
}

/// Faults that these scenarios plant.
struct Refusal: Error, CustomStringConvertible {
  let description: String
  var status: Int32 = 1
}

/// Throws where `condition` is false, and so ends the job with a status other than 0.
func expect(_ condition: Bool, _ what: @autoclosure () -> String, line: Int = #line) throws {
  if !condition { throw Refusal(description: "check failed, line \(line): \(what())", status: 99) }
}

/// One run of the program.
enum Scenario: String, CaseIterable {
  case collectives, reducer, overlap, order, slices, threads, twoNodes, links
  case status75, stopOnSignal, forever
  case oneThrows, memoryRefused, mpiError, unannounced, unannouncedBucket, announcedTwice
  case togetherOne, togetherAll, togetherMixed, togetherFine, rootFails, disagree

  func run(_ ranks: Communicator, _ signals: StopSignals) throws -> Int32 {
    let last = ranks.rank == ranks.size - 1
    switch self {
    case .collectives: try checkCollectives(ranks)
    case .reducer: try checkReducer(ranks)
    case .overlap: try checkOverlap(ranks)
    case .order: try checkOrder(ranks)
    case .slices: try checkSlices(ranks)
    case .threads: try checkThreads(ranks)
    case .twoNodes: try checkTwoNodes(ranks)
    case .links: try checkLinks(ranks)

    case .status75: return 75
    case .stopOnSignal: return try waitForSignal(ranks, signals)
    case .forever: while true { try ranks.barrier() }

    case .memoryRefused:
      if last { _ = FloatBuffer(1 << 50) }
      while true { try ranks.barrier() }

    case .oneThrows:
      if last { throw Refusal(description: "no more of this", status: 3) }
      while true { try ranks.barrier() }
    case .mpiError:
      if last { _ = try ranks.broadcast([1], from: 99) }
      while true { try ranks.barrier() }
    case .unannounced, .unannouncedBucket, .announcedTwice:
      let gradients = FloatBuffer(10)
      let weights = FloatBuffer(10)
      let reducer = try (self == .unannounced ? ReductionStrategy.allreduce : .overlapped).reducer(
        gradients: gradients.vector, weights: weights.vector,
        layout: GradientLayout(cuts: [0, 10]),
        communicator: ranks, clock: ContinuousClock())
      reducer.ready(3..<10)
      if self == .announcedTwice { reducer.ready(0..<4) }
      _ = try reducer.finish()

    case .togetherOne:
      try ranks.together { if last { throw Refusal(description: "disk full", status: 4) } }
    case .togetherAll:
      try ranks.together { throw Refusal(description: "no such folder", status: 5) }
    case .togetherMixed:
      try ranks.together {
        throw Refusal(description: last ? "the last" : "the others", status: last ? 7 : 6)
      }
    case .togetherFine:
      let own = try ranks.together { ranks.rank * 10 }
      try expect(own == ranks.rank * 10, "together returns this rank's own result")
      var ran = false
      try ranks.onRoot { ran = true }
      try expect(ran == ranks.isRoot, "onRoot runs on rank 0 only")
    case .rootFails:
      try ranks.onRoot { throw Refusal(description: "read-only disk", status: 8) }
    case .disagree:
      try ranks.agree(on: "same", what: "nothing")
      try ranks.agree(on: last ? "seed 2" : "seed 1", what: "the configuration")
    }
    return 0
  }
}

/// Goes on until a signal came to any rank, then stops on all at the same step.
private func waitForSignal(_ ranks: Communicator, _ signals: StopSignals) throws -> Int32 {
  while try !ranks.any(signals.received() != nil) { usleep(10_000) }
  // A checkpoint takes longer than the two seconds that mpirun leaves after SIGTERM.
  sleep(3)
  try ranks.barrier()
  return 75
}
