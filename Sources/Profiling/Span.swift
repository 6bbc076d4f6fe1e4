import Kernels

/// A stretch of time that a thread spent on one thing.
struct Span {
  let name: Name
  package let layer: Int?
  let begin: ContinuousClock.Instant
  /// Moved forward while the same tile continues with the same operation.
  var end: ContinuousClock.Instant

  /// An operation of the team, or a phase of the main thread alone.
  enum Name: Equatable {
    case operation(Operation)
    case phase(PhaseTimes.Phase)

    var text: String {
      switch self {
      case .operation(let operation): operation.rawValue
      case .phase(let phase): phase.rawValue
      }
    }
  }
}
