import Buffers
import Kernels

extension ParameterTable {
  /// Σ v² over `range` of a flat vector. Pieces have fixed bounds and are summed in their order, whoever computes them.
  public func sumOfSquares(_ vector: Vector, range: Range<Int>, team: ThreadTeam) -> Double {
    let pieces = pieces(of: range)
    return team.sum(pieces.count) { Reduction.sumOfSquares(vector[pieces[$0].range]) }
  }
}
