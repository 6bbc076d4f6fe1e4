import Buffers

/// Causal scaled dot-product attention of one head over one sequence (Vaswani et al. 2017, eq. 1), with dropout on the
/// probabilities.
///
///     S = Q Kᵀ/√D,  P = softmax(S) row by row over j ≤ i,  Y = (P ∘ M) V
///
/// Neither direction keeps (T, T) scores: forward keeps one log-sum-exp per row, backward recomputes P from it block by block of
/// queries (Dao et al. 2022, arXiv:2205.14135, algorithm 4, with whole rows of keys). The half above the diagonal is skipped
/// block by block.
public enum Attention {
  /// Queries that are worked on at once. Rows of scores of a block stay in a core's cache.
  public static let blockRows = 64

  /// Floats of scratch memory that a worker needs for sequences of `length`.
  public static func scratchCount(length: Int) -> Int {
    Scratch.count(width: Softmax.paddedCount(length))
  }

  /// The layout of a worker's scratch memory for blocks whose rows of scores are `width` long.
  private struct Scratch {
    let memory: Vector
    let width: Int

    /// Scores and their gradients, a row of the mask, the roundings of the two, and a float for each query.
    static func count(width: Int) -> Int { (3 * blockRows + 1) * width + blockRows }

    /// (rows, width) number 0 or 1, with memory for its rounding where products are in bf16.
    func scores(_ index: Int, rows: Int, rounded: Bool) -> Factor {
      let start = index * blockRows * width
      let half = (2 * blockRows + 1) * width + index * blockRows / 2 * width
      return Factor(
        memory[start..<start + rows * width].matrix(rows: rows, columns: width),
        rounded: rounded
          ? memory[half..<half + (rows * width + 1) / 2].brainFloats(rows: rows, columns: width)
          : nil)
    }

    var mask: Vector { memory[2 * blockRows * width..<(2 * blockRows + 1) * width] }

    /// (blockRows) Σ exp(s − max s) of each query
    var sums: Vector { memory[(3 * blockRows + 1) * width..<Scratch.count(width: width)] }
  }

  /// A head of a sequence; it keys the dropout of the probabilities.
  public struct Place: Sendable {
    let dropout: Dropout
    let sample: UInt32
    let layer: Int
    let firstElement: Int
    let context: Int

    /// - Parameters:
    ///   - sample: the sequence's place in the global batch
    ///   - context: the model's context; it numbers the elements, so that a mask does not depend on a batch's length
    public init(dropout: Dropout, sample: UInt32, layer: Int, head: Int, context: Int) {
      self.dropout = dropout
      self.sample = sample
      self.layer = layer
      self.context = context
      firstElement = head * context * context
    }

    /// `mask` filled with 0 or 1/(1−p) for the first keys of query `row`; nil where nothing is dropped.
    func mask(row: Int, in mask: Vector) -> Vector? {
      guard dropout.probability > 0 else { return nil }
      dropout.mask(
        sample: sample, layer: layer, place: .attention, firstElement: firstElement + row * context,
        into: mask)
      return mask
    }
  }

  /// - Parameters:
  ///   - q: (n, D) queries of the last n ≤ T positions: of all in training, of the new ones in generation
  ///   - k, v: (T, D) windows
  ///   - y: (n, D), overwritten
  ///   - logSumExp: (n), overwritten; `backward` reads it
  ///   - scratch: at least `scratchCount(length: T)` floats
  ///   - products: the calling thread's
  public static func forward(
    q: Factor, k: Factor, v: Factor, at place: Place, scratch: Vector, into y: Matrix,
    logSumExp: Vector, by products: any MatrixProducts
  ) {
    let (queries, length) = (q.values.rows, k.values.rows)
    precondition(queries <= length, "attention of \(queries) queries to \(length) keys")
    let past = length - queries
    checkShapes(k.values, v.values, logSumExp: logSumExp, q.values, y)
    let scale = 1 / Float(y.columns).squareRoot()
    for start in stride(from: 0, to: queries, by: blockRows) {
      let block = start..<min(start + blockRows, queries)
      let keys = 0..<past + block.upperBound
      let scratch = Scratch(memory: scratch, width: Softmax.paddedCount(keys.count))
      let storage = scratch.scores(0, rows: block.count, rounded: q.rounded != nil)
      let (width, mask, sums) = (scratch.width, scratch.mask, scratch.sums)
      let scores = storage[columns: keys]
      products.multiply(
        q[rows: block], k[rows: keys], transposeB: true, alpha: scale, into: scores.values)
      for row in block {
        let scores = storage.values[row: row - block.lowerBound]
        let keys = past + row + 1
        let end = Softmax.paddedCount(keys)
        scores[keys..<end].fill(Softmax.masked)
        scores[end..<width].fill(0)
        (sums[row - block.lowerBound], logSumExp[row]) = Softmax.exponentiate(
          scores[0..<end], mask: place.mask(row: past + row, in: mask[0..<end]))
      }
      storage.round()
      products.multiply(scores, v[rows: keys], into: y[rows: block])
      // A row of outputs is shorter than one of probabilities, so the sums divide those.
      for row in block {
        Elementwise.scale(y[row: row], by: 1 / sums[row - block.lowerBound], into: y[row: row])
      }
    }
  }

  /// Attention of one query to all keys, without an engine of products: a new token's in generation.
  ///
  /// Such products are too small for a library, which copies the keys before it multiplies.
  ///
  /// - Parameters:
  ///   - q: (D)
  ///   - k, v: (T, D) windows
  ///   - scratch: at least `Softmax.paddedCount(T)` floats
  ///   - y: (D), overwritten
  public static func forward(q: Vector, k: Matrix, v: Matrix, scratch: Vector, into y: Vector) {
    let scores = scratch[0..<Softmax.paddedCount(k.rows)]
    VectorMatrixProduct.multiply(q, transposed: k, into: scores[0..<k.rows])
    Elementwise.scale(scores, by: 1 / Float(q.count).squareRoot(), into: scores)
    scores[k.rows..<scores.count].fill(Softmax.masked)
    let sum = Softmax.exponentiate(scores, mask: nil).sum
    VectorMatrixProduct.multiply(scores[0..<k.rows], v, into: y)
    Elementwise.scale(y, by: 1 / sum, into: y)
  }

  /// dV = (P∘M)ᵀ dY,  dS = P ∘ (M ∘ (dY Vᵀ) − rowsum(dY ∘ Y))/√D,  dQ = dS K,  dK = dSᵀ Q
  ///
  /// - Parameters:
  ///   - dy, q, k, v, y: (T, D) windows; `y` and `logSumExp` as `forward` left them
  ///   - dq, dk, dv: (T, D) windows, overwritten
  public static func backward(
    dy: Factor, q: Factor, k: Factor, v: Factor, y: Matrix, logSumExp: Vector, at place: Place,
    scratch: Vector, into dq: Matrix, _ dk: Matrix, _ dv: Matrix,
    by products: any MatrixProducts
  ) {
    let length = y.rows
    precondition(k.values.rows == length, "backward over some of the queries")
    checkShapes(
      k.values, v.values, logSumExp: logSumExp, q.values, y, dy.values, dq, dk, dv)
    let scale = 1 / Float(y.columns).squareRoot()
    // From the last block on, which reaches every key: its products overwrite dK and dV, those of the others add.
    let lastStart = (length - 1) / blockRows * blockRows
    for start in stride(from: lastStart, through: 0, by: -blockRows) {
      let block = start..<min(start + blockRows, length)
      let adds = block.upperBound < length
      let scratch = Scratch(memory: scratch, width: Softmax.paddedCount(block.upperBound))
      let storage = scratch.scores(0, rows: block.count, rounded: q.rounded != nil)
      let dStorage = scratch.scores(1, rows: block.count, rounded: q.rounded != nil)
      let (width, mask) = (scratch.width, scratch.mask)
      let keys = 0..<block.upperBound
      let probabilities = storage[columns: keys]
      let dScores = dStorage[columns: keys]
      products.multiply(
        q[rows: block], k[rows: keys], transposeB: true, alpha: scale, into: probabilities.values)
      products.multiply(
        dy[rows: block], v[rows: keys], transposeB: true, into: dScores.values)
      for row in block {
        let p = storage.values[row: row - block.lowerBound]
        let dp = dStorage.values[row: row - block.lowerBound]
        let end = Softmax.paddedCount(row + 1)
        p[row + 1..<end].fill(Softmax.masked)
        p[end..<width].fill(0)
        dp[row + 1..<width].fill(0)
        backwardOfRow(
          p[0..<end], dp[0..<end], mask: place.mask(row: row, in: mask[0..<end]),
          logSumExp: logSumExp[row], delta: Reduction.dot(dy.values[row: row], y[row: row]),
          scale: scale)
      }
      storage.round()
      dStorage.round()
      products.multiply(
        probabilities, transposeA: true, dy[rows: block], adding: adds, into: dv[rows: keys])
      products.multiply(
        dScores, transposeA: true, q[rows: block], adding: adds, into: dk[rows: keys])
      products.multiply(dScores, k[rows: keys], into: dq[rows: block])
    }
  }

  /// p = exp(s − lse),  dp ← p·(m·dp − δ)·scale  and  s ← p·m, in one pass
  private static func backwardOfRow(
    _ s: Vector, _ dp: Vector, mask: Vector?, logSumExp: Float, delta: Float, scale: Float
  ) {
    if let mask {
      for index in stride(from: 0, to: s.count, by: Lanes.width) {
        let m = mask.load(at: index)
        let p = exp(s.load(at: index) - logSumExp)
        dp.store(p * (m * dp.load(at: index) - delta) * scale, at: index)
        s.store(p * m, at: index)
      }
    } else {
      for index in stride(from: 0, to: s.count, by: Lanes.width) {
        let p = exp(s.load(at: index) - logSumExp)
        dp.store(p * (dp.load(at: index) - delta) * scale, at: index)
        s.store(p, at: index)
      }
    }
  }

  private static func checkShapes(
    _ k: Matrix, _ v: Matrix, logSumExp: Vector, _ perQuery: Matrix...
  ) {
    precondition(
      v.rows == k.rows && v.columns == k.columns
        && perQuery.allSatisfy { $0.rows == logSumExp.count && $0.columns == k.columns },
      "attention over windows that do not fit")
  }
}
