import Buffers
import Kernels

/// GPT-1 for generation: keeps keys and values of the tokens that it has seen, so that a new token costs one row of every product.
///
/// A new token reads every weight once, so it takes as long as that: its products are cut by rows of the weights, which lie one
/// after the other in memory. Several tokens at once, a prompt, are matrix products.
public final class CachedDecoder {
  /// The shape.
  public let config: ModelConfig

  /// The tokens seen since the beginning or the last `reset`.
  public private(set) var length = 0

  private let state: ModelState
  private let weights: Tensors
  private let team: ThreadTeam
  private let products: [any MatrixProducts]
  private let storage: FloatBuffer
  private let layout: Layout

  /// The most parts that a product with one row is cut into; each has a partial sum, and they are added in their order.
  private static let parts = 16
  /// The most rows and columns of a tile of a product with several rows.
  private static let (tileRows, tileColumns) = (128, 256)
  /// The rows of a tile of what goes row by row.
  private static let plainRows = 32
  /// The rows of the token embedding of a tile of the logits.
  private static let tileClasses = 256

  /// A decoder that has seen nothing.
  ///
  /// - Parameter engine: the library of the matrix products; nil for the automatic choice
  public init(_ state: ModelState, team: ThreadTeam, engine: ProductEngine? = nil) {
    self.state = state
    config = state.config
    self.team = team
    let engine = engine ?? .automatic(for: .fp32)
    products = engine.products(.fp32, workers: team.size)
    weights = state.tensors
    layout = Layout(config, threads: team.size)
    storage = FloatBuffer(layout.count)
  }

  /// The floats that one takes besides the weights.
  public static func count(_ config: ModelConfig, threads: Int) -> Int {
    Layout(config, threads: threads).count
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
      team.rows(rows, height: Self.plainRows) { rows, _ in
        GELU.forward(inner[rows: rows].vector, into: inner[rows: rows].vector)
      }
      linear(inner, block.mlpOutput, into: sum)
      normalise(sum, adding: x, block.norm2, into: x)
    }
    length += rows
    let logits = storage[layout.logits..<layout.logits + config.vocabularySize]
    let last = x[row: rows - 1]
    team.rows(config.vocabularySize, height: Self.tileClasses) { classes, _ in
      VectorMatrixProduct.multiply(
        last, transposed: weights.tokens.values[rows: classes], into: logits[classes])
    }
    return logits
  }

  private func linear(_ x: Matrix, _ affine: Tensors.Affine, into y: Matrix) {
    guard x.rows > 1 else {
      return linear(x[row: 0], affine.weight.values, affine.bias, into: y[row: 0])
    }
    team.grid(
      rows: x.rows, columns: y.columns, height: Self.tileRows, width: Self.tileColumns
    ) { rows, columns, worker in
      Linear.forward(
        Factor(x[rows: rows]), weight: affine.weight[columns: columns],
        bias: affine.bias[columns], into: y[rows: rows][columns: columns], by: products[worker])
    }
  }

  /// y = x W + b for one row.
  private func linear(_ x: Vector, _ weight: Matrix, _ bias: Vector, into y: Vector) {
    let height = (x.count + Self.parts - 1) / Self.parts
    let parts = (x.count + height - 1) / height
    let sums = matrix(layout.partialSums, parts, y.count)
    team.rows(x.count, height: height) { rows, _ in
      VectorMatrixProduct.multiply(
        x[rows], weight[rows: rows], into: sums[row: rows.lowerBound / height])
    }
    team.rows(y.count, height: Self.tileColumns) { columns, _ in
      y[columns].copy(from: bias[columns])
      Elementwise.sumRows(of: sums[columns: columns], addingTo: y[columns])
    }
  }

  /// y ← LN(sum + x); y may be x.
  private func normalise(
    _ sum: Matrix, adding x: Matrix, _ norm: Tensors.Norm, into y: Matrix
  ) {
    let statistics = storage[layout.statistics..<layout.statistics + 2 * x.rows]
    team.rows(x.rows, height: Self.plainRows) { rows, _ in
      let sum = sum[rows: rows]
      Elementwise.add(sum.vector, x[rows: rows].vector, into: sum.vector)
      LayerNorm.forward(
        sum, gain: norm.gain, bias: norm.bias, epsilon: config.layerNormEpsilon,
        into: y[rows: rows], mean: statistics[0..<x.rows][rows],
        rstd: statistics[x.rows..<2 * x.rows][rows])
    }
  }

  /// Attention of the last rows of `qkv` to all.
  private func attend(_ qkv: Matrix, into attended: Matrix) {
    let new = qkv.rows - attended.rows..<qkv.rows
    team.perform(config.heads) { head, worker in
      let columns = head * config.headWidth..<(head + 1) * config.headWidth
      let (q, k, v) = Block.Window.split(Factor(qkv), 0..<qkv.rows, columns)
      let scratch = layout.scratch + worker * layout.scratchCount
      let logSumExp = layout.logSumExp + head * config.context
      Attention.forward(
        q: q[rows: new], k: k, v: v,
        at: Attention.Place(
          dropout: .none, sample: 0, layer: 0, head: head, context: config.context),
        scratch: storage[scratch..<scratch + layout.scratchCount],
        into: attended[columns: columns],
        logSumExp: storage[logSumExp..<logSumExp + attended.rows], by: products[worker])
    }
  }

  private func matrix(_ start: Int, _ rows: Int, _ columns: Int) -> Matrix {
    storage.matrix(rows: rows, columns: columns, at: start)
  }

  /// The places of all vectors.
  private struct Layout {
    let qkvCount, scratchCount: Int
    let qkv, stream, sum, attended, inner, statistics, logSumExp, scratch, logits, count: Int
    let partialSums: Int

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
      partialSums = take(CachedDecoder.parts * max(config.innerWidth, 3 * config.width))
      count = end
    }
  }
}
