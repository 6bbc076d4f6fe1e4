import Buffers
import Kernels
import Model

/// The matrix products of one layer's attention, without the operations between them. A tile is one head of one sequence; its blocks
/// of queries are computed one after the other, each only with the keys that it may attend to.
final class AttentionProducts {
  /// L
  let layers: Int
  private let config: ModelConfig
  private let sequences: Int
  private let length: Int
  private let team: ThreadTeam
  /// (R, 3C) queries, keys and values; their gradients; (R, C) outputs and their gradients
  private let qkv, dQKV, attended: FactorBuffer
  /// (blockRows, T) per worker
  private let scores: FactorBuffer

  init(_ config: ModelConfig, sequences: Int, length: Int, rounds: Bool, team: ThreadTeam) {
    layers = config.layers
    self.config = config
    self.sequences = sequences
    self.length = length
    self.team = team
    let rows = sequences * length
    func buffer(_ columns: Int) -> FactorBuffer {
      FactorBuffer(rows * columns, rounds: rounds, team: team)
    }
    (qkv, dQKV, attended) = (
      buffer(3 * config.width), buffer(3 * config.width), buffer(config.width)
    )
    scores = FactorBuffer(
      team.size * Attention.blockRows * Softmax.paddedCount(length), rounds: rounds, team: team)
  }

  /// S = Q Kᵀ and Y = P V
  func forward(_ products: [any MatrixProducts]) {
    blocks { head, block, keys, scores, worker in
      let product = products[worker]
      product.multiply(
        head.q[rows: block], head.k[rows: keys], transposeB: true, into: scores.values)
      product.multiply(
        scores, head.v[rows: keys], into: head.y.values[rows: block])
    }
  }

  /// dP = dY Vᵀ, dV = Pᵀ dY, dK = dSᵀ Q and dQ = dS K; computing the scores again is not counted.
  func backward(_ products: [any MatrixProducts]) {
    blocks { head, block, keys, scores, worker in
      let product = products[worker]
      product.multiply(
        head.y[rows: block], head.v[rows: keys], transposeB: true, into: scores.values)
      product.multiply(
        scores, transposeA: true, head.y[rows: block], adding: true, into: head.dv[rows: keys])
      product.multiply(
        scores, transposeA: true, head.q[rows: block], adding: true, into: head.dk[rows: keys])
      product.multiply(
        scores, head.k[rows: keys], into: head.dq[rows: block])
    }
  }

  private struct Head {
    let q, k, v, y: Factor
    let dq, dk, dv: Matrix
  }

  private func blocks(
    _ body: (
      _ head: Head, _ block: Range<Int>, _ keys: Range<Int>, _ scores: Factor, _ worker: Int
    ) -> Void
  ) {
    let rows = sequences * length
    let qkv = qkv.matrix(rows: rows, columns: 3 * config.width, 0)
    let dQKV = dQKV.matrix(rows: rows, columns: 3 * config.width, 0).values
    let attended = attended.matrix(rows: rows, columns: config.width, 0)
    let width = Softmax.paddedCount(length)
    let scores = scores.matrix(rows: team.size * Attention.blockRows, columns: width, 0)
    team.perform(sequences * config.heads) { tile, worker in
      let (sequence, head) = tile.quotientAndRemainder(dividingBy: config.heads)
      let rows = sequence * length..<(sequence + 1) * length
      let columns = { (part: Int) -> Range<Int> in
        let start = part * self.config.width + head * self.config.headWidth
        return start..<start + self.config.headWidth
      }
      let (factors, gradients) = (qkv[rows: rows], dQKV[rows: rows])
      let windows = Head(
        q: factors[columns: columns(0)], k: factors[columns: columns(1)],
        v: factors[columns: columns(2)], y: attended[rows: rows][columns: columns(0)],
        dq: gradients[columns: columns(0)], dk: gradients[columns: columns(1)],
        dv: gradients[columns: columns(2)])
      for start in stride(from: 0, to: length, by: Attention.blockRows) {
        let block = start..<min(start + Attention.blockRows, length)
        let first = worker * Attention.blockRows
        body(
          windows, block, 0..<block.upperBound,
          scores[rows: first..<first + block.count][columns: 0..<block.upperBound], worker)
      }
    }
  }
}
