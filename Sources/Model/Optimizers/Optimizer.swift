import Buffers
import Kernels

/// An optimizer: how weights follow from gradients, and what it keeps and costs for each of them.
///
/// A value of its constants. The numbers that it keeps between steps, one vector as long as the weights for every name in `stateNames`,
/// are an `OptimizerState`'s. Whoever saves, plans memory or predicts times asks these members and never which optimizer it is.
public protocol Optimizer: Sendable {
  /// The names of its state tensors, each as long as the weights; in checkpoints they stand before the parameters' names.
  static var stateNames: [String] { get }

  /// Bytes of memory that a step reads and writes for each parameter: weights, gradient and states.
  static var bytesPerParameter: Int { get }

  /// Floating-point operations of a step for each parameter.
  static var operationsPerParameter: Int { get }

  /// Units into which its work may be cut for threads, and its state for ranks.
  static var granularity: OptimizerGranularity { get }

  /// Updates the weights and states of a piece, which its thread alone looks at.
  func update(_ piece: OptimizerPiece, _ step: OptimizerStep)
}

extension Optimizer {
  /// Weights and states in and out, gradients in.
  public static var bytesPerParameter: Int {
    (2 + 1 + 2 * stateNames.count) * MemoryLayout<Float>.size
  }
}

/// The smallest unit that an optimizer works on.
public enum OptimizerGranularity: Sendable {
  /// Each float for itself: pieces of any size.
  case floats
  /// A tensor as a whole, because its norm or its products count.
  case tensors
}

/// A piece of the flat vectors, of one tensor: a part of it where the optimizer works on floats, else all of it.
public struct OptimizerPiece {
  /// Its tensor.
  public let parameter: Parameter
  /// (n), updated
  public let weights: Vector
  /// (n), left as they are
  public let gradients: Vector
  /// (n) each, updated, in the order of the optimizer's names
  public let states: [Vector]

  /// Windows of n floats each.
  public init(parameter: Parameter, weights: Vector, gradients: Vector, states: [Vector]) {
    precondition(
      gradients.count == weights.count && states.allSatisfy { $0.count == weights.count },
      "\(weights.count) weights, \(gradients.count) gradients, states of \(states.map(\.count))")
    (self.parameter, self.weights) = (parameter, weights)
    (self.gradients, self.states) = (gradients, states)
  }
}

/// Values of one step that all pieces share.
public struct OptimizerStep: Sendable {
  /// t, from 1.
  public let step: Int
  /// The scheduled learning rate, without a correction of the optimizer's own.
  public let rate: Double
  /// Multiplies every gradient: the clipping factor.
  public let gradientScale: Float

  /// Step `step`, from 1.
  public init(_ step: Int, rate: Double, gradientScale: Float = 1) {
    precondition(step >= 1, "step \(step)")
    (self.step, self.rate, self.gradientScale) = (step, rate, gradientScale)
  }
}

/// An optimizer with its constants. To add one, write a file beside this and add a case here.
public enum OptimizerConfig: Sendable, Equatable {
  /// OpenAI's Adam with decoupled weight decay.
  case adamW(AdamW)

  /// The optimizer.
  public var optimizer: any Optimizer {
    switch self {
    case .adamW(let adam): adam
    }
  }

  /// The names of its state tensors, each as long as the weights.
  public var stateNames: [String] { type(of: optimizer).stateNames }

  /// Bytes of memory that a step reads and writes for each parameter.
  public var bytesPerParameter: Int { type(of: optimizer).bytesPerParameter }

  /// Floating-point operations of a step for each parameter.
  public var operationsPerParameter: Int { type(of: optimizer).operationsPerParameter }

  /// Units into which its work and its state may be cut.
  public var granularity: OptimizerGranularity { type(of: optimizer).granularity }
}
