import Buffers
import Kernels

/// GPT-1 for generation: keeps keys and values of the tokens that it has seen, so that a new token costs one row of every product.
///
/// Products are cut by columns instead of rows: with one row there is nothing else to share out.
public final class CachedDecoder {
  /// The shape.
  public let config: ModelConfig

  /// The tokens seen since the beginning or the last `reset`.
  public private(set) var length = 0

  private let state: ModelState
  private let weights: Tensors
  private let team: ThreadTeam
  private let storage: FloatBuffer
  private let layout: Layout

  /// Products are cut into this many columns.
  private static let columnTile = 256

  /// A decoder that has seen nothing.
  public init(_ state: ModelState, team: ThreadTeam) {
    self.state = state
    config = state.config
    self.team = team
    weights = state.tensors
    layout = Layout(config, threads: team.size)
    storage = FloatBuffer(layout.count)
  }

  /// Forgets all tokens.
  public func reset() { length = 0 }

  /// Appends tokens; returns the (V) logits of what follows the last, valid until the next call.
  ///
  /// - Parameter tokens: at least one, and no more than the context has room for
  public func append(_ tokens: [Int32]) -> Vector {
    precondition(!tokens.isEmpty && length + tokens.count <= config.context, "beyond the context")
    let rows = tokens.count
    let width = config.width
    let x = matrix(layout.stream, rows, width)
    let sum = matrix(layout.sum, rows, width)
    let attended = matrix(layout.attended, rows, width)
    let inner = matrix(layout.inner, rows, config.innerWidth)
    for (row, token) in tokens.enumerated() {
      Elementwise.add(
        weights.tokens.values[row: Int(token)], weights.positions[row: length + row],
        into: x[row: row])
    }
    for (layer, block) in weights.blocks.enumerated() {
      let qkv = storage.matrix(
        rows: config.context, columns: 3 * width, at: layout.qkv + layer * layout.qkvCount)
      linear(x, block.attention, into: qkv[rows: length..<length + rows])
      attend(qkv[rows: 0..<length + rows], into: attended)
      linear(attended, block.attentionOutput, into: sum)
      normalise(sum, adding: x, block.norm1, into: x)
      linear(x, block.mlpInput, into: inner)
      GELU.forward(inner.vector, into: inner.vector)
      linear(inner, block.mlpOutput, into: sum)
      normalise(sum, adding: x, block.norm2, into: x)
    }
    length += rows
    let logits = storage[layout.logits..<layout.logits + config.vocabularySize]
    let last = x[rows: rows - 1..<rows]
    team.rows(config.vocabularySize, height: Self.columnTile) { classes, _ in
      MatrixProduct.multiply(
        last, weights.tokens[rows: classes], transposeB: true,
        into: logits[classes].matrix(rows: 1, columns: classes.count))
    }
    return logits
  }

  private func linear(_ x: Matrix, _ affine: Tensors.Affine, into y: Matrix) {
    team.rows(y.columns, height: Self.columnTile) { columns, _ in
      Linear.forward(
        x, weight: affine.weight[columns: columns], bias: affine.bias[columns],
        into: y[columns: columns])
    }
  }

  /// y ← LN(sum + x); y may be x.
  private func normalise(
    _ sum: Matrix, adding x: Matrix, _ norm: Tensors.Norm, into y: Matrix
  ) {
    Elementwise.add(sum.vector, x.vector, into: sum.vector)
    let statistics = storage[layout.statistics..<layout.statistics + 2 * x.rows]
    LayerNorm.forward(
      sum, gain: norm.gain, bias: norm.bias, epsilon: config.layerNormEpsilon, into: y,
      mean: statistics[0..<x.rows], rstd: statistics[x.rows..<2 * x.rows])
  }

  /// Attention of the last rows of `qkv` to all.
  private func attend(_ qkv: Matrix, into attended: Matrix) {
    let new = qkv.rows - attended.rows..<qkv.rows
    team.perform(config.heads) { head, worker in
      let columns = head * config.headWidth..<(head + 1) * config.headWidth
      let (q, k, v) = Block.Window.split(qkv, 0..<qkv.rows, columns)
      let scratch = layout.scratch + worker * layout.scratchCount
      let logSumExp = layout.logSumExp + head * config.context
      Attention.forward(
        q: q[rows: new], k: k, v: v,
        at: Attention.Place(
          dropout: .none, sample: 0, layer: 0, head: head, context: config.context),
        scratch: storage[scratch..<scratch + layout.scratchCount],
        into: attended[columns: columns],
        logSumExp: storage[logSumExp..<logSumExp + attended.rows])
    }
  }

  private func matrix(_ start: Int, _ rows: Int, _ columns: Int) -> Matrix {
    storage.matrix(rows: rows, columns: columns, at: start)
  }

  /// Where everything lies.
  private struct Layout {
    let qkvCount, scratchCount: Int
    let qkv, stream, sum, attended, inner, statistics, logSumExp, scratch, logits, count: Int

    init(_ config: ModelConfig, threads: Int) {
      var end = 0
      func take(_ floats: Int) -> Int {
        defer { end += (floats + 15) & ~15 }
        return end
      }
      qkvCount = config.context * 3 * config.width
      scratchCount = Attention.scratchCount(length: config.context)
      qkv = take(config.layers * qkvCount)
      stream = take(config.context * config.width)
      sum = take(config.context * config.width)
      attended = take(config.context * config.width)
      inner = take(config.context * config.innerWidth)
      statistics = take(2 * config.context)
      logSumExp = take(config.heads * config.context)
      scratch = take(threads * scratchCount)
      logits = take(config.vocabularySize)
      count = end
    }
  }
}
