import Buffers
import Kernels
import Testing

struct AttentionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let length: Int
    let width: Int
    let dropout: Float
    var testDescription: String { "(\(length), \(width)), dropout \(dropout)" }
  }

  /// Below, at and above one block of 64 queries, and three blocks.
  static let cases = [(1, 4), (5, 3), (33, 7), (64, 16), (65, 8), (130, 64)].flatMap {
    length, width in
    [0, 0.3].map { Case(length: length, width: width, dropout: $0) }
  }

  /// Larger than the sequences: masks are numbered by the context, not by the length.
  static let context = 150

  static func place(_ probability: Float) -> Attention.Place {
    Attention.Place(
      dropout: Dropout(probability: probability, seed: 9, step: 4), sample: 2, layer: 1, head: 3,
      context: context)
  }

  /// The mask that `Dropout` documents for head 3 of sample 2 in layer 1.
  static func mask(_ shape: Case) -> Table {
    let row = FloatBuffer(shape.length)
    var mask = Table(shape.length, shape.length)
    for i in 0..<shape.length {
      Dropout(probability: shape.dropout, seed: 9, step: 4).mask(
        sample: 2, layer: 1, place: .attention, firstElement: 3 * context * context + i * context,
        into: row.vector)
      for j in 0..<shape.length { mask[i, j] = Double(row.vector[j]) }
    }
    return mask
  }

  @Test func referenceGradientsMatchFiniteDifference() {
    let (q, k, v) = (Table(5, 3, seed: 1), Table(5, 3, seed: 2), Table(5, 3, seed: 3))
    let dy = Table(5, 3, seed: 4)
    let mask = Table(5, 5, seed: 5)
    let (dq, dk, dv) = Reference.attentionBackward(dy, q, k, v, mask: mask)
    expectGradient(dq, of: { Reference.attention($0, k, v, mask: mask).dot(dy) }, at: q)
    expectGradient(dk, of: { Reference.attention(q, $0, v, mask: mask).dot(dy) }, at: k)
    expectGradient(dv, of: { Reference.attention(q, k, $0, mask: mask).dot(dy) }, at: v)
  }

  /// Queries, keys and values are columns of one (T, 3D) matrix, scratch and results hold NaN
  /// before.
  @Test(arguments: ProductEngine.allCases, cases)
  func forwardAndBackwardMatchReference(_ engine: ProductEngine, _ shape: Case) {
    let products = engine.products(.fp32, workers: 1)[0]
    let (t, d) = (shape.length, shape.width)
    // Scores of some units, so that the probabilities differ.
    let qkv = Table(t, 3 * d, seed: 1, scale: 2)
    func part(_ index: Int) -> Table { Table(t, d) { qkv[$0, index * d + $1] } }
    let (q, k, v) = (part(0), part(1), part(2))
    let dy = Table(t, d, seed: 2)
    let mask = Self.mask(shape)
    let place = Self.place(shape.dropout)

    let inputs = FloatBuffer(qkv)
    let window = Factor(inputs.matrix(rows: t, columns: 3 * d))
    let scratch = FloatBuffer(Attention.scratchCount(length: t), filledWith: .nan)
    let outputs = FloatBuffer(t * d, filledWith: .nan)
    let y = outputs.matrix(rows: t, columns: d)
    let logSumExp = FloatBuffer(t, filledWith: .nan)
    Attention.forward(
      q: window[columns: 0..<d], k: window[columns: d..<2 * d], v: window[columns: 2 * d..<3 * d],
      at: place, scratch: scratch.vector, into: y, logSumExp: logSumExp.vector,
      by: products)
    expectClose(Table(y), Reference.attention(q, k, v, mask: mask))
    expectClose(Table(logSumExp.vector), Reference.logSumExp(q, k))

    scratch.vector.fill(.nan)
    let gradients = FloatBuffer(3 * t * d, filledWith: .nan)
    let dWindow = gradients.matrix(rows: t, columns: 3 * d)
    let ds = FloatBuffer(dy)
    Attention.backward(
      dy: Factor(ds.matrix(rows: t, columns: d)), q: window[columns: 0..<d],
      k: window[columns: d..<2 * d],
      v: window[columns: 2 * d..<3 * d], y: y, logSumExp: logSumExp.vector, at: place,
      scratch: scratch.vector, into: dWindow[columns: 0..<d], dWindow[columns: d..<2 * d],
      dWindow[columns: 2 * d..<3 * d], by: products)
    let (dq, dk, dv) = Reference.attentionBackward(dy, q, k, v, mask: mask)
    let actual = Table(dWindow)
    func dPart(_ index: Int) -> Table { Table(t, d) { actual[$0, index * d + $1] } }
    // One query has one key: dQ and dK are zero, and rounding is all there is.
    if t > 1 {
      expectClose(dPart(0), dq, tolerance: 1e-5)
      expectClose(dPart(1), dk, tolerance: 1e-5)
    } else {
      #expect((dPart(0).values + dPart(1).values).allSatisfy { abs($0) < 1e-6 })
    }
    expectClose(dPart(2), dv)
  }

  /// A score of 300 overflows exp; its softmax does not.
  @Test func largeScoresDoNotOverflow() {
    let one = FloatBuffer(3, filledWith: 1)
    let large = FloatBuffer(3)
    large.vector.copy(from: [0, 300, -300])
    let y = FloatBuffer(3)
    let logSumExp = FloatBuffer(3)
    let scratch = FloatBuffer(Attention.scratchCount(length: 3))
    Attention.forward(
      q: Factor(one.matrix(rows: 3, columns: 1)), k: Factor(large.matrix(rows: 3, columns: 1)),
      v: Factor(large.matrix(rows: 3, columns: 1)), at: Self.place(0), scratch: scratch.vector,
      into: y.matrix(rows: 3, columns: 1), logSumExp: logSumExp.vector, by: OpenBLASProducts())
    #expect(y.vector.array == [0, 300, 300])
    #expect(logSumExp.vector.array == [0, 300, 300])
  }

  @Test func refusesShapesThatDoNotFit() async {
    await #expect(processExitsWith: .failure) {
      let v = FloatBuffer(100)
      let x = v.matrix(rows: 3, columns: 4)
      Attention.forward(
        q: Factor(x), k: Factor(x[rows: 0..<2]), v: Factor(x), at: Self.place(0),
        scratch: FloatBuffer(Attention.scratchCount(length: 3)).vector, into: x,
        logSumExp: v[12..<15], by: OpenBLASProducts())
    }
  }
}
