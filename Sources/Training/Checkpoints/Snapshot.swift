import Buffers
import Kernels
import Model
import Storage

/// A copy of weights and optimizer state, from which a checkpoint is written while training continues, and into which one is read.
///
/// Only rank 0 has one.
package final class Snapshot: Sendable {
  private let buffer: FloatBuffer
  private let table: ParameterTable
  private let names: [String]

  /// Takes all of its memory at once.
  init(_ table: ParameterTable, _ optimizer: OptimizerConfig, team: ThreadTeam) {
    (self.table, names) = (table, optimizer.stateNames)
    buffer = FloatBuffer(CheckpointSize(parameters: table.count, optimizer).floats)
    team.clear(buffer.vector)
  }

  /// Valid as long as this object lives.
  var weights: Vector { buffer[0..<table.count] }

  /// The state of the optimizer by name, in the order of its names. Valid as long as this object lives.
  var states: [(name: String, values: Vector)] {
    names.enumerated().map { ($1, buffer[($0 + 1) * table.count..<($0 + 2) * table.count]) }
  }

  /// The tensors of the optimizer's state, as `optimizer.safetensors` has them.
  package var optimizerTensors: [NamedTensor] {
    states.flatMap { table.tensors(of: $0.values, prefix: $0.name + ".") }
  }

  /// Overwrites the optimizer's state with a checkpoint's.
  func readOptimizer(_ folder: String) throws {
    let file = try SafetensorsFile("\(folder)/\(TrainerState.optimizerName)")
    for tensor in optimizerTensors {
      try file.read(tensor.name, into: tensor.values, expecting: tensor.shape)
    }
  }
}
