import Buffers
import Kernels

extension ParameterTable {
  /// Σ v² over `range` of a flat vector. Pieces have fixed bounds and are summed in their order, whoever computes them.
  public func sumOfSquares(_ vector: Vector, range: Range<Int>, team: ThreadTeam) -> Double {
    let pieces = pieces(of: range)
    return team.sum(pieces.count) { Reduction.sumOfSquares(vector[pieces[$0].range]) }
  }

  /// Whether no float of a flat vector is NaN or infinite.
  public func isFinite(_ vector: Vector, team: ThreadTeam) -> Bool {
    let pieces = pieces(of: 0..<count)
    return team.sum(pieces.count) { Reduction.isFinite(vector[pieces[$0].range]) ? 0 : 1 } == 0
  }
}
