import Buffers
import Kernels

extension ParameterTable {
  /// Σ v² of every piece of a flat vector; 0 for those outside `range`, which begins and ends at `cuts`.
  ///
  /// Pieces have fixed bounds, and who adds the numbers up in their order has the same sum whoever computed them.
  public func squares(_ vector: Vector, range: Range<Int>, team: ThreadTeam) -> [Double] {
    let pieces = pieces(of: 0..<count)
    return team.map(pieces.count) { index, worker in
      guard range.contains(pieces[index].range.lowerBound) else { return 0 }
      let piece = vector[pieces[index].range]
      let square = Reduction.sumOfSquares(piece)
      team.observer?.finished(
        .gradientNorm, layer: nil, worker: worker,
        output: piece.matrix(rows: 1, columns: piece.count), firstRow: 0)
      return square
    }
  }

  /// True if no float of a flat vector is NaN or infinite.
  public func isFinite(_ vector: Vector, team: ThreadTeam) -> Bool {
    let pieces = pieces(of: 0..<count)
    let isBad = team.map(pieces.count) { index, _ in
      Reduction.isFinite(vector[pieces[index].range]) ? 0 : 1
    }
    return !isBad.contains(1)
  }
}
