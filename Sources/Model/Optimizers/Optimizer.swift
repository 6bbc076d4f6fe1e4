import Buffers
import Kernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Which optimizer, with its constants.
public enum OptimizerConfig: Sendable, Equatable {
  /// OpenAI's Adam; see `AdamConfig`.
  case adam(AdamConfig)

  /// The names and sizes of the state that it keeps, each as long as the weights.
  public var stateNames: [String] {
    switch self {
    case .adam: AdamConfig.stateNames
    }
  }
}

/// Adam with the weight decay of OpenAI's opt.py (finetune-transformer-lm), which acts with the scheduled rate:
///
///     rate_t = rate · √(1 − β₂ᵗ)/(1 − β₁ᵗ),   p ← p − rate_t · (m/(√v + ε) + w·p)
///
/// with w on tensors of rank > 1 only.
public struct AdamConfig: Sendable, Equatable, Codable {
  /// Decay of the mean of gradients.
  public var beta1 = 0.9
  /// Decay of the mean of squared gradients.
  public var beta2 = 0.999
  /// Added to √v.
  public var epsilon = 1e-8
  /// w
  public var weightDecay = 0.01

  /// The constants of the paper's pre-training.
  public init() {}

  static let stateNames = ["exp_avg", "exp_avg_sq"]
}

/// The state of an optimizer over a range of the flat vector, and its step on any part of it.
public final class Optimizer {
  /// Which one; its constants may change between steps.
  public var config: OptimizerConfig

  private let table: ParameterTable
  private let team: ThreadTeam
  private let storage: [Storage]

  /// The floats that it has state of.
  public let range: Range<Int>

  private final class Storage {
    let buffer: FloatBuffer
    init(_ count: Int) { buffer = FloatBuffer(count) }
  }

  /// An optimizer with zeroed state.
  ///
  /// - Parameter range: the floats whose weights it will update; nil for all
  public init(
    _ config: OptimizerConfig, table: ParameterTable, team: ThreadTeam, range: Range<Int>? = nil
  ) {
    self.config = config
    self.table = table
    self.team = team
    let range = range ?? 0..<table.count
    self.range = range
    storage = config.stateNames.map { _ in Storage(range.count) }
    for moments in storage { team.clear(moments.buffer.vector) }
  }

  /// The state of `range` by name, in the flat vector's order; for checkpoints.
  public var state: [(name: String, values: Vector)] {
    zip(config.stateNames, storage).map { ($0, $1.buffer.vector) }
  }

  /// One update of the weights in `range`, all of which it has state of.
  ///
  /// - Parameters:
  ///   - update: t, from 1
  ///   - rate: the scheduled learning rate, without Adam's bias correction
  ///   - gradientScale: multiplies every gradient: the clipping factor
  public func step(
    weights: Vector, gradients: Vector, range: Range<Int>, update: Int, rate: Double,
    gradientScale: Float
  ) {
    precondition(
      weights.count == table.count && gradients.count == table.count, "vectors of another model")
    precondition(range.clamped(to: self.range) == range, "an update of weights without state")
    let pieces = table.pieces(of: range)
    switch config {
    case .adam(let adam):
      let corrected = adam.correctedRate(rate, update: update)
      team.perform(pieces.count) { index, worker in
        let piece = pieces[index]
        let moments =
          piece.range.lowerBound - self.range.lowerBound..<piece.range.upperBound
          - self.range.lowerBound
        let updated = weights[piece.range]
        Adam.step(
          weights: updated, gradients: gradients[piece.range],
          firstMoments: storage[0].buffer[moments],
          secondMoments: storage[1].buffer[moments], rate: corrected,
          beta1: Float(adam.beta1), beta2: Float(adam.beta2), epsilon: Float(adam.epsilon),
          weightDecay: piece.decays ? Float(adam.weightDecay) : 0, gradientScale: gradientScale)
        team.observer?.finished(
          .optimizer, layer: nil, worker: worker,
          output: updated.matrix(rows: 1, columns: updated.count), firstRow: 0)
      }
    }
  }
}

extension AdamConfig {
  /// rate · √(1 − β₂ᵗ)/(1 − β₁ᵗ)
  func correctedRate(_ rate: Double, update: Int) -> Float {
    Float(rate * (1 - pow(beta2, Double(update))).squareRoot() / (1 - pow(beta1, Double(update))))
  }
}

extension ParameterTable {
  /// The most floats that a thread works on at once in passes over the flat vector.
  public static let pieceCount = 1 << 16

  /// Where the flat vector may be cut without cutting a piece: beginnings of pieces, and the end. A few thousand, whatever the size.
  public var cuts: [Int] {
    let distance = Self.pieceCount * max(1, count / (Self.pieceCount << 12))
    return parameters.flatMap {
      stride(from: $0.range.lowerBound, to: $0.range.upperBound, by: distance)
    } + [count]
  }

  /// `range` cut at the tensors' bounds and into pieces.
  func pieces(of range: Range<Int>) -> [(range: Range<Int>, decays: Bool)] {
    parameters.flatMap { parameter in
      let part = parameter.range.clamped(to: range)
      return stride(from: part.lowerBound, to: part.upperBound, by: Self.pieceCount).map {
        ($0..<min($0 + Self.pieceCount, part.upperBound), parameter.decays)
      }
    }
  }
}
