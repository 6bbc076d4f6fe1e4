import Kernels

/// A stretch of time that a thread spent on one thing.
struct Span {
  let name: Name
  package let layer: Int?
  /// The tile of an operation; nil for a phase.
  let place: TilePlace?
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

/// A tile of a parallel region.
struct TilePlace: Hashable {
  /// The region's number, counted over the whole life of a team.
  let region: Int
  /// The tile's number in the region; tiles are taken in this order.
  let tile: Int
}
