import Buffers
import Kernels

/// The weights of a model and, for training, their gradients: flat vectors in the order of the parameter table.
///
/// Decoders keep it alive; whoever takes a window on its floats sees to that himself.
public final class ModelState {
  /// The shape.
  public let config: ModelConfig
  /// What stands where.
  public let table: ParameterTable
  private let weightBuffer: FloatBuffer
  private let gradientBuffer: FloatBuffer

  /// Zeroed weights.
  public init(_ config: ModelConfig, training: Bool) {
    precondition(config.problem == nil, config.problem ?? "")
    self.config = config
    table = ParameterTable(config)
    weightBuffer = FloatBuffer(table.count)
    gradientBuffer = FloatBuffer(training ? table.count : 0)
  }

  /// All weights.
  public var weights: Vector { weightBuffer.vector }

  /// All gradients; empty where nothing is trained.
  public var gradients: Vector { gradientBuffer.vector }
}
