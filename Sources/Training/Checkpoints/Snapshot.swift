import Buffers
import Kernels
import Model

/// Weights and optimizer state as they were at one moment: what a checkpoint is written from while the training goes on, and read into.
///
/// Rank 0's; nobody else has one.
final class Snapshot: Sendable {
  private let buffer: FloatBuffer
  private let parameters: Int

  /// Takes the memory, all of it now.
  init(_ table: ParameterTable, states: Int, team: ThreadTeam) {
    parameters = table.count
    buffer = FloatBuffer(Snapshot.count(table.count, states: states))
    team.clear(buffer.vector)
  }

  /// Floats of a snapshot of a model with `parameters`.
  static func count(_ parameters: Int, states: Int) -> Int { parameters * (1 + states) }

  /// Valid as long as this object lives.
  var weights: Vector { buffer[0..<parameters] }

  /// The state of the optimizer, in the order of its names. Valid as long as this object lives.
  var moments: [Vector] {
    (1..<buffer.count / parameters).map { buffer[$0 * parameters..<($0 + 1) * parameters] }
  }
}
