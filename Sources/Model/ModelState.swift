import Buffers
import Kernels

/// The weights of a model and, for training, their gradients: flat vectors in the order of the parameter table.
///
/// Decoders keep it alive; whoever takes a window on its floats sees to that himself.
public final class ModelState {
  /// The shape.
  public let config: ModelConfig
  /// The table of names, shapes and places.
  public let table: ParameterTable
  /// Arithmetic of the matrix products with these weights.
  public let precision: Precision
  private let weightBuffer: FloatBuffer
  private let gradientBuffer: FloatBuffer
  private let roundedBuffer: FloatBuffer

  /// Zeroed weights.
  public init(_ config: ModelConfig, training: Bool, precision: Precision = .fp32) {
    precondition(config.problem == nil, config.problem ?? "")
    self.config = config
    self.precision = precision
    table = ParameterTable(config)
    weightBuffer = FloatBuffer(table.count)
    gradientBuffer = FloatBuffer(training ? table.count : 0)
    roundedBuffer = FloatBuffer(ModelState.roundedCount(table, precision))
  }

  /// All weights. Whoever changes them calls `weightsChanged` before the next forward pass.
  public var weights: Vector { weightBuffer.vector }

  /// All gradients; empty where nothing is trained.
  public var gradients: Vector { gradientBuffer.vector }

  /// The floats that the weights' rounding takes.
  public static func roundedCount(_ table: ParameterTable, _ precision: Precision) -> Int {
    precision.rounds ? (table.count + 1) / 2 : 0
  }

  /// Converts the weights for the products, once for all products of a step; nothing in fp32.
  public func weightsChanged(team: ThreadTeam) {
    guard let rounded else { return }
    let pieces = table.pieces(of: 0..<table.count)
    team.perform(pieces.count) { index, worker in
      let range = pieces[index].range
      let values = weights[range].matrix(rows: 1, columns: range.count)
      Factor(values, rounded: rounded[columns: range]).round()
      team.observer?.finished(
        .rounding, layer: nil, worker: worker, output: values, firstRow: 0)
    }
  }

  /// The tensors as products read them.
  var tensors: Tensors { Tensors(weights, rounded: rounded, table: table, config: config) }

  private var rounded: BFloat16Matrix? {
    precision.rounds ? roundedBuffer.vector.brainFloats(rows: 1, columns: table.count) : nil
  }
}
