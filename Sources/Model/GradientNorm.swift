import Buffers
import Kernels

extension ParameterTable {
  /// Σ v² over `range` of a flat vector. Pieces have fixed bounds and are summed in their order, whoever computes them.
  public func sumOfSquares(_ vector: Vector, range: Range<Int>, team: ThreadTeam) -> Double {
    let pieces = pieces(of: range)
    return team.sum(pieces.count) { index, worker in
      let piece = vector[pieces[index].range]
      let square = Reduction.sumOfSquares(piece)
      team.observer?.finished(
        .gradientNorm, layer: nil, worker: worker,
        output: piece.matrix(rows: 1, columns: piece.count), firstRow: 0)
      return square
    }
  }

  /// Whether no float of a flat vector is NaN or infinite.
  public func isFinite(_ vector: Vector, team: ThreadTeam) -> Bool {
    let pieces = pieces(of: 0..<count)
    return team.sum(pieces.count) { index, _ in
      Reduction.isFinite(vector[pieces[index].range]) ? 0 : 1
    } == 0
  }
}
