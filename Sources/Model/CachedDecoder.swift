import Buffers
import Kernels

/// GPT-1 for generation: keeps keys and values of the tokens that it has seen, so that a new token costs one row of every product.
///
/// It decodes one or several sequences, its samples. A new token reads every weight once, so it takes as long as that: its products are
/// cut by rows of the weights, which lie one after the other in memory, and what was read serves all samples. The bits of a sample do not
/// depend on the others. Several tokens of one sequence at once, a prompt, are matrix products of an engine.
public final class CachedDecoder {
  /// The shape.
  public let config: ModelConfig

  /// The number of samples and the format of the weights.
  public let use: Use

  /// The tokens that each sample has seen since the beginning or its last `reset`.
  public private(set) var lengths: [Int]

  private let weights: DecodingWeights
  private let team: ThreadTeam
  private let products: [any MatrixProducts]
  private let storage: FloatBuffer
  private let layout: Layout

  /// The most rows and columns of a tile of a product with several rows.
  private static let (tileRows, tileColumns) = (128, 256)
  /// The rows of a tile of what goes row by row.
  private static let plainRows = 32
  /// The rows of the token embedding of a tile of the logits.
  private static let tileClasses = 256

  /// A decoder that has seen nothing.
  ///
  /// - Parameters:
  ///   - state: with bf16 not needed afterwards
  ///   - engine: the library of a prompt's matrix products; nil for the automatic choice
  public init(
    _ state: ModelState, team: ThreadTeam, engine: ProductEngine? = nil, use: Use = Use()
  ) {
    config = state.config
    self.use = use
    self.team = team
    lengths = [Int](repeating: 0, count: use.samples)
    let engine = engine ?? .automatic(for: .fp32)
    products = engine.products(.fp32, workers: team.size)
    weights = DecodingWeights(state, use.precision, team: team)
    layout = Layout(config, threads: team.size, use: use)
    storage = FloatBuffer(layout.count)
  }

  /// The floats that one takes besides the model's weights.
  public static func count(_ config: ModelConfig, threads: Int, use: Use = Use()) -> Int {
    Layout(config, threads: threads, use: use).count
      + DecodingWeights.count(ParameterTable(config), use.precision)
  }

  /// Forgets all tokens of all samples.
  public func reset() { for sample in lengths.indices { lengths[sample] = 0 } }

  /// Forgets all tokens of one sample.
  public func reset(_ sample: Int) { lengths[sample] = 0 }

  /// (samples, V): the logits of what follows each sample's last token.
  public var logits: Matrix { matrix(layout.logits, use.samples, config.vocabularySize) }

  /// Appends tokens to one sample; returns the (V) logits of what follows the last, valid until the next call.
  ///
  /// - Parameter tokens: at least one, and no more than the context has room for
  @discardableResult
  public func append(_ tokens: [Int32], to sample: Int = 0) -> Vector {
    precondition(!tokens.isEmpty, "no tokens to append")
    let start = lengths[sample]
    let places = tokens.indices.map { Place(sample: sample, position: start + $0) }
    let last = forward(tokens, places)[rows: tokens.count - 1..<tokens.count]
    let logits = logits[rows: sample..<sample + 1]
    predict(last, into: logits)
    return logits.vector
  }

  /// Appends one token to each sample; returns `logits`, valid until the next call.
  ///
  /// - Parameter tokens: one per sample, each of which has room for it in the context
  @discardableResult
  public func append(each tokens: [Int32]) -> Matrix {
    precondition(tokens.count == use.samples, "\(tokens.count) tokens for \(use.samples) samples")
    let places = lengths.enumerated().map { Place(sample: $0.offset, position: $0.element) }
    predict(forward(tokens, places), into: logits)
    return logits
  }

  /// Gives all samples the tokens and the logits of the first.
  public func repeatFirst() {
    let length = lengths[0]
    team.perform((use.samples - 1) * config.layers) { task, _ in
      let (sample, layer) = (task / config.layers + 1, task % config.layers)
      guard length > 0 else { return }
      cache(layer, sample)[rows: 0..<length].vector.copy(
        from: cache(layer, 0)[rows: 0..<length].vector)
    }
    for sample in 1..<max(1, use.samples) {
      logits[row: sample].copy(from: logits[row: 0])
      lengths[sample] = length
    }
  }

  /// Where a new token is appended.
  private struct Place {
    let sample, position: Int
  }

  /// Appends tokens: one sample's in their order, or one for each of several. Returns (tokens, C), the last block's output.
  private func forward(_ tokens: [Int32], _ places: [Place]) -> Matrix {
    precondition(places.allSatisfy { $0.position < config.context }, "beyond the context")
    let rows = tokens.count
    let width = config.width
    let isPrompt = rows > 1 && places[0].sample == places[1].sample
    let linear = isPrompt ? linearByEngine : linearByRows
    let attend = isPrompt ? attendInOrder : attendEach
    let x = matrix(layout.stream, rows, width)
    let sum = matrix(layout.sum, rows, width)
    let qkv = matrix(layout.qkv, rows, 3 * width)
    let attended = matrix(layout.attended, rows, width)
    let inner = matrix(layout.inner, rows, config.innerWidth)
    let tensors = weights.tensors
    for row in 0..<rows {
      // sum is free here.
      tensors.positions.copy(row: places[row].position, into: sum[row: row])
      tensors.tokens.copy(row: Int(tokens[row]), into: x[row: row])
      Elementwise.add(x[row: row], sum[row: row], into: x[row: row])
    }
    for (layer, block) in tensors.blocks.enumerated() {
      linear(x, block.attention, qkv)
      attend(layer, places, qkv, attended)
      linear(attended, block.attentionOutput, sum)
      normalise(sum, adding: x, block.norm1, into: x, height: isPrompt ? Self.plainRows : 1)
      linear(x, block.mlpInput, inner)
      team.grid(
        rows: rows, columns: inner.columns, height: isPrompt ? Self.plainRows : 1,
        width: 4 * Self.tileColumns
      ) { rows, columns, _ in
        for row in rows {
          GELU.forward(inner[row: row][columns], into: inner[row: row][columns])
        }
      }
      linear(inner, block.mlpOutput, sum)
      normalise(sum, adding: x, block.norm2, into: x, height: isPrompt ? Self.plainRows : 1)
    }
    for place in places { lengths[place.sample] += 1 }
    return x
  }

  /// The logits of what follows each row of x, (rows, C).
  private func predict(_ x: Matrix, into logits: Matrix) {
    team.rows(config.vocabularySize, height: Self.tileClasses) { classes, _ in
      weights.tensors.tokens[rows: classes].multiplyTransposed(x, into: logits[columns: classes])
    }
  }

  /// y = x W + b for a prompt.
  private func linearByEngine(_ x: Matrix, _ affine: DecodingTensors.Affine, _ y: Matrix) {
    // Weights that are widened are widened once, for all rows.
    let (height, width) =
      use.precision == .bf16 ? (x.rows, Self.widenedColumns) : (Self.tileRows, Self.tileColumns)
    team.grid(rows: x.rows, columns: y.columns, height: height, width: width) {
      rows, columns, worker in
      let start = layout.widened + worker * layout.widenedCount
      let weight = affine.weight[columns: columns]
        .values(in: storage[start..<start + layout.widenedCount])
      Linear.forward(
        Factor(x[rows: rows]), weight: Factor(weight), bias: affine.bias[columns],
        into: y[rows: rows][columns: columns], by: products[worker])
    }
  }

  /// y = x W + b for few rows.
  private func linearByRows(_ x: Matrix, _ affine: DecodingTensors.Affine, _ y: Matrix) {
    let height = (x.columns + Self.parts - 1) / Self.parts
    let parts = (x.columns + height - 1) / height
    let sums = matrix(layout.partialSums, parts * x.rows, y.columns)
    team.rows(x.columns, height: height) { inputs, _ in
      let first = inputs.lowerBound / height * x.rows
      affine.weight[rows: inputs].multiply(
        x[columns: inputs], into: sums[rows: first..<first + x.rows])
    }
    team.grid(rows: x.rows, columns: y.columns, height: 1, width: Self.tileColumns) {
      rows, columns, _ in
      let row = rows.lowerBound
      let total = y[row: row][columns]
      total.copy(from: affine.bias[columns])
      for part in 0..<parts {
        Elementwise.add(total, sums[row: part * x.rows + row][columns], into: total)
      }
    }
  }

  /// y ← LN(sum + x); y may be x.
  private func normalise(
    _ sum: Matrix, adding x: Matrix, _ norm: Tensors.Norm, into y: Matrix, height: Int
  ) {
    let statistics = storage[layout.statistics..<layout.statistics + 2 * x.rows]
    team.rows(x.rows, height: height) { rows, _ in
      let sum = sum[rows: rows]
      Elementwise.add(sum.vector, x[rows: rows].vector, into: sum.vector)
      LayerNorm.forward(
        sum, gain: norm.gain, bias: norm.bias, epsilon: config.layerNormEpsilon,
        into: y[rows: rows], mean: statistics[0..<x.rows][rows],
        rstd: statistics[x.rows..<2 * x.rows][rows])
    }
  }

  /// Attention of a prompt's tokens to those before them, all of one sample.
  private func attendInOrder(_ layer: Int, _ places: [Place], _ qkv: Matrix, _ attended: Matrix) {
    let start = places[0].position
    let cache = cache(layer, places[0].sample)[rows: 0..<start + qkv.rows]
    team.perform(config.heads) { head, worker in
      let columns = columns(head)
      for row in 0..<qkv.rows { remember(qkv[row: row], columns, in: cache[row: start + row]) }
      let scratch = layout.scratch + worker * layout.scratchCount
      let logSumExp = layout.logSumExp + head * config.context
      Attention.forward(
        q: Factor(qkv[columns: columns]), k: Factor(cache[columns: columns]),
        v: Factor(cache[columns: values(columns)]),
        at: Attention.Place(
          dropout: .none, sample: 0, layer: 0, head: head, context: config.context),
        scratch: storage[scratch..<scratch + layout.scratchCount],
        into: attended[columns: columns],
        logSumExp: storage[logSumExp..<logSumExp + attended.rows], by: products[worker])
    }
  }

  /// Attention of one token of each of several samples.
  private func attendEach(_ layer: Int, _ places: [Place], _ qkv: Matrix, _ attended: Matrix) {
    team.perform(places.count * config.heads) { task, worker in
      let (row, columns) = (task / config.heads, columns(task % config.heads))
      let cache = cache(layer, places[row].sample)[rows: 0..<places[row].position + 1]
      remember(qkv[row: row], columns, in: cache[row: places[row].position])
      let scratch = layout.scratch + worker * layout.scratchCount
      Attention.forward(
        q: qkv[row: row][columns], k: cache[columns: columns], v: cache[columns: values(columns)],
        scratch: storage[scratch..<scratch + layout.scratchCount],
        into: attended[row: row][columns])
    }
  }

  /// Copies a head's keys and values, of a token's (3C), into its (2C) of the cache.
  private func remember(_ qkv: Vector, _ columns: Range<Int>, in cache: Vector) {
    let key = config.width + columns.lowerBound..<config.width + columns.upperBound
    cache[columns].copy(from: qkv[key])
    cache[key].copy(from: qkv[config.width + key.lowerBound..<config.width + key.upperBound])
  }

  /// The columns of a head's queries, and of its keys in the cache.
  private func columns(_ head: Int) -> Range<Int> {
    head * config.headWidth..<(head + 1) * config.headWidth
  }

  /// The columns of a head's values in the cache, from those of its keys.
  private func values(_ keys: Range<Int>) -> Range<Int> {
    config.width + keys.lowerBound..<config.width + keys.upperBound
  }

  /// (context, 2C): keys and values of a layer of a sample.
  private func cache(_ layer: Int, _ sample: Int) -> Matrix {
    matrix(
      layout.cache + (sample * config.layers + layer) * layout.cacheCount, config.context,
      2 * config.width)
  }

  private func matrix(_ start: Int, _ rows: Int, _ columns: Int) -> Matrix {
    storage.matrix(rows: rows, columns: columns, at: start)
  }
}
