import Kernels

/// What a thread did from one moment to another.
struct Span {
  let name: Name
  package let layer: Int?
  let begin: ContinuousClock.Instant
  /// Moved on where the same tile goes on with more of the same.
  var end: ContinuousClock.Instant

  /// An operation of a team, or what the main thread does alone.
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
