import Buffers
import Kernels

/// An optimizer's state over a range of the flat vector, and its step on any part of that.
public final class OptimizerState {
  /// The optimizer; its constants may change between steps.
  public var config: OptimizerConfig {
    didSet {
      precondition(config.stateNames == oldValue.stateNames, "an optimizer with another state")
    }
  }

  /// The floats that it has state of.
  public let range: Range<Int>

  private let table: ParameterTable
  private let team: ThreadTeam
  private let storage: [Storage]

  private final class Storage {
    let buffer: FloatBuffer
    init(_ count: Int) { buffer = FloatBuffer(count) }
  }

  /// Zeroed state. Takes all its memory now.
  ///
  /// - Parameter range: the floats whose weights it will update, from cut to cut of its granularity; nil for all
  public init(
    _ config: OptimizerConfig, table: ParameterTable, team: ThreadTeam, range: Range<Int>? = nil
  ) {
    let range = range ?? 0..<table.count
    (self.config, self.table, self.team, self.range) = (config, table, team, range)
    storage = config.stateNames.map { _ in Storage(range.count) }
    clear()
  }

  /// The state of `range` by name, in the flat vector's order; for checkpoints.
  public var tensors: [(name: String, values: Vector)] {
    zip(config.stateNames, storage).map { ($0, $1.buffer.vector) }
  }

  /// As before the first step.
  public func clear() {
    for state in storage { team.clear(state.buffer.vector) }
  }

  /// One step of the weights in `range`, all of which it has state of.
  ///
  /// - Parameters:
  ///   - weights: the whole flat vector; updated in `range`
  ///   - gradients: the whole flat vector
  public func update(
    weights: Vector, gradients: Vector, range: Range<Int>, _ step: OptimizerStep
  ) {
    precondition(
      weights.count == table.count && gradients.count == table.count, "vectors of another model")
    precondition(range.clamped(to: self.range) == range, "a step of weights without state")
    let optimizer = config.optimizer
    let pieces = table.pieces(of: range, config.granularity)
    team.perform(pieces.count) { index, worker in
      let (parameter, place) = pieces[index]
      let start = place.lowerBound - self.range.lowerBound
      let updated = weights[place]
      optimizer.update(
        OptimizerPiece(
          parameter: parameter, weights: updated, gradients: gradients[place],
          states: storage.map { $0.buffer[start..<start + place.count] }), step)
      team.observer?.finished(
        .optimizer, layer: nil, worker: worker,
        output: updated.matrix(rows: 1, columns: updated.count), firstRow: 0)
    }
  }
}

extension ParameterTable {
  /// The most floats that a thread works on at once in passes over the flat vector that know no tensors.
  static let pieceCount = 1 << 16

  /// Positions at which the flat vector may be cut without cutting a piece, ascending, from 0 to its end; a few thousand for any size.
  public func cuts(_ granularity: OptimizerGranularity) -> [Int] {
    switch granularity {
    case .tensors: return parameters.map(\.range.lowerBound) + [count]
    case .floats:
      let distance = Self.pieceCount * max(1, count / (Self.pieceCount << 12))
      return parameters.flatMap {
        stride(from: $0.range.lowerBound, to: $0.range.upperBound, by: distance)
      } + [count]
    }
  }

  /// `range`, from cut to cut, in pieces of tensors.
  func pieces(
    of range: Range<Int>, _ granularity: OptimizerGranularity = .floats
  ) -> [(parameter: Parameter, range: Range<Int>)] {
    parameters.flatMap { parameter in
      let part = parameter.range.clamped(to: range)
      switch granularity {
      case .floats:
        return stride(from: part.lowerBound, to: part.upperBound, by: Self.pieceCount).map {
          (parameter, $0..<min($0 + Self.pieceCount, part.upperBound))
        }
      case .tensors:
        precondition(part.isEmpty || part == parameter.range, "\(parameter.name) is cut")
        return part.isEmpty ? [] : [(parameter, part)]
      }
    }
  }
}
